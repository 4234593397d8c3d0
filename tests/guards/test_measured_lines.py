"""What is measured on lines of our own was not trained on them."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikari_ml.learning.examples import own_lines
from hikari_ml.text.normalize import clean, for_model, same_text_key

MEASURED = sorted(Path("benchmarks/quality").glob("*.toml"))


def strings(part: Any) -> Iterator[str]:
    """Every string in a TOML document."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from strings(inner)


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_no_measured_line_stands_among_the_training_lines(path: Path) -> None:
    trained = {same_text_key(example.text) for example in own_lines()}
    lines = list(strings(tomllib.loads(path.read_text(encoding="utf-8"))))
    assert len(lines) > 20
    assert [line for line in lines if same_text_key(for_model(clean(line))) in trained] == []
