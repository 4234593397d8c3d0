"""Errors say what, where and what to do, and carry it as data."""

from pathlib import Path

import pytest

from hikari_ml import errors
from hikari_ml.errors import (
    ConfigError,
    HikariError,
    InputError,
    ModelMissingError,
    OverloadedError,
    RecordingError,
    StoreVersionError,
    UnknownMemoryError,
)


def all_errors():
    return [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HikariError)
    ]


def test_every_error_has_a_stable_code_and_a_docstring():
    codes = {"internal", "bad_params", "unavailable", "overloaded"}
    for kind in all_errors():
        assert kind.code in codes, kind
        assert kind.__doc__


def test_the_tree_in_the_docstring_names_every_error():
    for kind in all_errors():
        assert kind.__name__ in errors.__doc__, f"{kind.__name__} is missing in the drawing"


def test_an_input_error_shows_a_shortened_value():
    error = InputError("k", "x" * 500, "give a number")
    assert error.field == "k"
    assert "give a number" in str(error)
    assert len(str(error)) < 150


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (InputError("a", 1, "b"), ValueError),
        (RecordingError(Path("a"), 3, "broken"), ValueError),
        (ConfigError("memory.x", "no such setting"), ValueError),
        (ModelMissingError("bundled", Path("x")), FileNotFoundError),
        (UnknownMemoryError("mem-1"), KeyError),
    ],
)
def test_errors_fit_the_families_of_the_standard_library(error, family):
    assert isinstance(error, family)
    assert isinstance(error, HikariError)
    assert str(error), "it has a sentence for people"


def test_a_recording_error_names_file_and_line():
    assert str(RecordingError(Path("chat.jsonl"), 7, "not JSON")) == "chat.jsonl, line 7: not JSON"
    assert str(RecordingError(Path("chat.jsonl"), 0, "gone")) == "chat.jsonl: gone"


def test_versions_and_waits_are_data():
    assert StoreVersionError(Path("x"), 3, 1).found == 3
    assert OverloadedError("lane", 250).retry_after_ms == 250
