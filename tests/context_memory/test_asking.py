"""What is asked of a memory: either refused by the name of the argument, or taken as it is meant."""

import math
from pathlib import Path

import numpy as np
import pytest

from hikari_ml.context_memory.asking import (
    SUMMARY_DEPTH,
    check_embedding,
    check_path,
    check_positive,
    check_query,
    check_types,
    draft,
    question,
    topic,
)
from hikari_ml.context_memory.core import Question
from hikari_ml.errors import InputError


def stored(content="x", memory_type="fact", metadata=None, importance=0.5, arousal=0.0):
    return draft(content, memory_type, metadata, importance, arousal, at=7)


def asked(query="x", k=5, memory_types=None, user=None, *, embedded=False):
    return question(query, k, memory_types, user, as_of=None, embedded=embedded, strengthen=True)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": None}, "content"),
        ({"memory_type": ""}, "memory_type"),
        ({"memory_type": 5}, "memory_type"),
        ({"memory_type": "fa\ud800ct"}, "memory_type"),
        ({"metadata": {"na\ud800me": 1}}, "metadata"),
        ({"metadata": {"user": "an\ud800na"}}, "metadata.user"),
        ({"metadata": {"a": object()}}, "metadata.a"),
        ({"importance": math.nan}, "importance"),
        ({"importance": 2}, "importance"),
        ({"arousal": -1}, "arousal"),
    ],
)
def test_what_cannot_be_stored_is_refused(arguments, field):
    with pytest.raises(InputError) as caught:
        stored(**arguments)
    assert caught.value.field == field


def test_a_draft_is_as_old_as_it_is_unused():
    record = stored("I love tea", metadata={"user": "anna"}, arousal=0.5)
    assert (record.content, record.user, record.tier, record.arousal) == (
        "I love tea",
        "anna",
        "short_term",
        0.5,
    )
    assert (record.key, record.id, record.created_at, record.last_access) == (0, "", 7, 7)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"query": ""}, "query"),
        ({"query": None}, "query"),
        ({"query": None, "embedded": True}, "query"),
        ({"k": 0}, "k"),
        ({"k": -1}, "k"),
        ({"k": 2.5}, "k"),
        ({"k": True}, "k"),
        ({"memory_types": "fact"}, "memory_types"),
        ({"memory_types": [5]}, "memory_type"),
        ({"memory_types": ["fa\ud800ct"]}, "memory_type"),
        ({"user": "an\ud800na"}, "user"),
        ({"user": ""}, "user"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, field):
    with pytest.raises(InputError) as caught:
        asked(**arguments)
    assert caught.value.field == field


def test_a_question_is_as_it_was_asked():
    assert asked("tea", 3, ["fact"], "Anna") == Question("tea", 3, frozenset({"fact"}), "Anna", None, True)
    assert topic("tea", strengthen=False) == Question("tea", SUMMARY_DEPTH, None, None, None, False)
    assert check_types(None) is None
    assert check_types([]) == frozenset()
    assert check_positive(1, "k") == 1


def test_a_query_is_blank_only_with_an_embedding_and_can_always_be_written():
    assert check_query(" ", embedded=True) == " "
    check_query("a\ud800b", embedded=False).encode()
    with pytest.raises(InputError, match="topic: ' ' cannot be used"):
        topic(" ", strengthen=True)
    with pytest.raises(InputError, match="100,000"):
        check_query("cat " * 25_001, embedded=False)


@pytest.mark.parametrize(
    "embedding", [[1, 2, 3], [math.nan] * 4, [math.inf] * 4, [0] * 4, "vector", [[1] * 4]]
)
def test_what_is_no_embedding_is_refused(embedding):
    with pytest.raises(InputError) as caught:
        check_embedding(embedding, 4)
    assert caught.value.field == "embedding"


def test_an_embedding_comes_to_have_the_length_one():
    found = check_embedding([3, 0, 4, 0], 4)
    assert found.dtype == np.float32
    assert found.tolist() == pytest.approx([0.6, 0, 0.8, 0])


@pytest.mark.parametrize("path", ["a\0b", b"out.jsonl", None, 5, "\ud800\udfff"])
def test_what_no_file_can_be_called_is_refused(path):
    with pytest.raises(InputError) as caught:
        check_path(path)
    assert caught.value.field == "path"


def test_a_path_may_be_text_or_a_path():
    assert check_path("out.jsonl") == check_path(Path("out.jsonl")) == Path("out.jsonl")
