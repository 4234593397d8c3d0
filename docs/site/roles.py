"""Docstrings name objects by Sphinx roles (``:meth:`name```); the site shows the bare name as code."""

from __future__ import annotations

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):`~?(?:[\w.]+\.)?(\w+)`")


class Roles(griffe.Extension):  # type: ignore[misc]
    """Rewrites the docstrings as they are read."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite that of ``obj``."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(r"``\1``", obj.docstring.value)
