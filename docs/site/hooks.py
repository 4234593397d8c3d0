"""What the site adds to the pages: the commands as the program tells them, and the files they link to."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

DOCS = Path(__file__).parent.parent
ROOT = DOCS.parent
LINK = re.compile(r"\[([^\]]*)\]\(((?:\.\./)+[^)#]+)\)")
"""What leads up: it may lead out of the documents."""

COMMANDS = "reference/cli.md"
MARK = "<!-- commands -->"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside the documents that one of them links to, as text."""
    for page in list(files.documentation_pages()):
        for _, link in LINK.findall(page.content_string):
            path = _outside(page, link)
            if path and path.is_file() and not files.get_file_from_path(_place(path)):
                files.append(File.generated(config, _place(path), content=path.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put the commands in their place, and let links lead to the files that the site carries.

    Of a linked folder only the name stays.
    """
    if page.file.src_uri == COMMANDS:
        markdown = markdown[: markdown.index(MARK)] + _commands()

    def leading(found: re.Match[str]) -> str:
        name, link = found.groups()
        path = _outside(page.file, link)
        if path is None:
            return found.group()
        up = "../" * page.file.src_uri.count("/")
        return f"[{name}]({up}{_place(path)})" if path.is_file() else name

    return LINK.sub(leading, markdown)


def _commands() -> str:
    words = [sys.executable, "-m", "typer", "hikari_ml.cli.main", "utils", "docs", "--name", "hikari-ml"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return re.sub(r"^#", "##", told, flags=re.MULTILINE)


def _outside(page: File, link: str) -> Path | None:
    """What a link of ``page`` leads to, if that is no document."""
    path = (DOCS / page.src_uri).parent.joinpath(link).resolve()
    return None if path.is_relative_to(DOCS) else path


def _place(path: Path) -> str:
    return f"files/{path.relative_to(ROOT)}.txt"
