"""Themes: what belongs together is found, named by its own words, and found again the same."""

import json

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import themes
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.themes import (
    FEWEST,
    MANY,
    SMALL,
    WIDEST_SHARE,
    clusters,
    most_active,
    telling_words,
)
from hikari_ml.errors import InputError
from hikari_ml.results import Theme
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at

CATS = ["my cat sleeps all day", "the cats want food", "a cat on the keyboard", "two cats and one dog"]
CHESS = ["I lost my queen in chess", "chess is about the queen", "my chess queen fell"]


def near(center, number, spread=0.02):
    """Unit vectors around one axis."""
    rows = np.random.default_rng(center).normal(scale=spread, size=(number, 64))
    rows[:, center] += 1
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def record(key, content, user="anna"):
    moment = key * 60_000
    return Record(key, f"mem-{key}", content, "fact", {"user": user}, 0.5, "long_term", moment, moment)


def found(k=10):
    records = [record(i + 1, text, f"user{i % 2}") for i, text in enumerate([*CATS, *CHESS, "hello"])]
    vectors = np.vstack([near(3, len(CATS)), near(9, len(CHESS)), near(20, 1)])
    return themes.themes(records, vectors, k, "long_term")


def test_what_is_alike_is_a_theme_and_what_is_alone_is_none():
    cats, chess = found()
    assert set(cats) == set(Theme.__annotations__)
    assert cats["name"].startswith("cat")
    assert set(chess["words"]) == {"chess", "queen"}
    assert (cats["size"], chess["size"], cats["among"], cats["scope"]) == (4, 3, 8, "long_term")
    assert sorted(cats["memories"]) == ["mem-1", "mem-2", "mem-3", "mem-4"]
    assert (cats["start"], cats["end"]) == ("1970-01-01T00:01:00.000Z", "1970-01-01T00:04:00.000Z")
    assert chess["users"] == ["user0", "user1"]
    assert msgpack.unpackb(msgpack.packb([cats])) == json.loads(json.dumps([cats]))
    assert found(1) == [cats]


def test_the_most_central_memory_stands_for_its_theme():
    vectors = near(0, 5)
    vectors[3] = vectors.mean(axis=0) / np.linalg.norm(vectors.mean(axis=0))
    (theme,) = themes.themes([record(i, f"line {i}") for i in range(5)], vectors, 1, "all")
    assert theme["central"] == "line 3"
    assert theme["memories"][0] == "mem-3"


def test_a_theme_that_no_word_tells_is_named_by_its_central_memory():
    records = [record(i, text) for i, text in enumerate(["😻😻", "😻", "😻😻😻"])]
    (theme,) = themes.themes(records, near(0, 3), 1, "all")
    assert theme["words"] == []
    assert theme["name"] == theme["central"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_fewer_than_three_have_no_theme(number):
    assert clusters(near(1, number)).tolist() == [-1] * number


def chain(number, step):
    """Each near the next, and the ends far apart."""
    angles = np.arange(number) * step
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_chain_of_neighbours_does_not_swallow_everything():
    links = np.hstack([chain(40, 0.05), np.zeros((40, 2), np.float32)])
    apart = np.tile(np.array([0, 0, 1, 0], np.float32), (3, 1))
    labels = clusters(np.vstack([links, apart]))
    assert len(set(labels[40:])) == 1
    assert labels[40] != -1
    assert labels[0] != labels[40]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(3, 120))
def test_every_theme_has_three(seed, number):
    rows = np.random.default_rng(seed).normal(size=(number, 6)).astype(np.float32)
    labels = clusters(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    assert len(labels) == number
    assert (np.bincount(labels[labels >= 0]) >= FEWEST).all()


def test_a_wide_reach_is_given_up_where_one_theme_would_be_too_large():
    rows = np.random.default_rng(0).normal(scale=0.13, size=(300, 64))
    rows[:, 0] += 1
    rows[:, 1:10] += 0.9 * np.eye(9)[np.arange(300) % 9]
    labels = clusters((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))
    assert np.bincount(labels[labels >= 0]).max() <= max(SMALL, WIDEST_SHARE * 300)
    assert labels.max() >= 5


def test_among_many_the_widest_reach_is_not_tried():
    """A pair of axes at a distance of a half: one theme among few, and none among many."""
    three = np.zeros((3, MANY), np.float32)
    three[:, 0] = 1
    three[1:, 1:3] = np.sqrt(3) * np.eye(2)
    three /= np.linalg.norm(three, axis=1, keepdims=True)
    others = np.eye(MANY, dtype=np.float32)[3:]
    assert clusters(np.vstack([three, others[:50]])).tolist() == [0] * 3 + [-1] * 50
    assert clusters(np.vstack([three, others])).max() == -1


def test_a_theme_is_named_by_pairs_of_kanji_and_by_what_stands_beside_them():
    texts = ["Hadesが大好き", "Hadesは大好き", "大好きなHades"]
    records = [record(i + 1, text) for i, text in enumerate([*texts, *CHESS])]
    hades, _ = themes.themes(records, np.vstack([near(3, 3), near(9, len(CHESS))]), 10, "long_term")
    assert set(hades["words"]) == {"hades", "大好", "好き"}


def test_words_that_all_use_tell_nothing_of_a_theme():
    words = [{"cat", "nice"}, {"cat", "nice"}, {"cat"}, {"chess", "nice"}, {"chess", "nice"}, {"chess"}]
    words += [{"nice", "other"}] * 6
    first, second = telling_words(words, np.array([0, 0, 0, 1, 1, 1, *[-1] * 6]))
    assert (first[0], second[0]) == ("cat", "chess")
    assert "other" not in first + second


def test_users_are_named_as_they_were_last_written():
    assert most_active(["anna", "ben", "Anna", None]) == ["Anna", "ben"]


@pytest.fixture
async def memory(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m", clock=ManualClock(START)) as opened:
        for i, text in enumerate([*CATS, *CHESS]):
            vector = np.zeros(384)
            vector[0 if text in CATS else 1] = 1
            vector[10 + i] = 0.2
            await opened.store_memory(text, metadata={"user": "anna"}, created_at=at(i), embedding=vector)
        yield opened


async def test_with_few_long_term_memories_all_are_looked_at_and_the_result_says_so(memory, monkeypatch):
    every = await memory.themes()
    assert [(theme["size"], theme["scope"], theme["among"]) for theme in every] == [
        (4, "all", 7),
        (3, "all", 7),
    ]
    monkeypatch.setattr(themes, "ENOUGH", 0)
    assert await memory.themes() == [], "nothing is long-term yet"


async def test_only_the_most_important_are_compared(memory, monkeypatch):
    cat = (await memory.retrieve_memories("cat keyboard", strengthen=False))[0]
    await memory.store_memory(cat["content"], metadata={"user": "anna"}, importance=1.0)
    monkeypatch.setattr(themes, "MOST", 5)
    found = await memory.themes()
    assert [theme["among"] for theme in found] == [5]


async def test_the_same_after_it_was_closed_and_read_only(memory, tmp_path):
    before = await memory.themes()
    await memory.aclose()
    async with NeuralMemorySystem(tmp_path / "m", read_only=True, clock=ManualClock(START)) as again:
        assert await again.themes() == before


@pytest.mark.parametrize("k", [0, True, "3"])
async def test_a_number_that_is_none_is_refused(memory, k):
    with pytest.raises(InputError):
        await memory.themes(k)
