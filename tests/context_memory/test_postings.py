"""What the word index needs is kept beside each memory, and made anew where it does not fit."""

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import postings
from hikari_ml.context_memory.store import Store
from hikari_ml.context_memory.words import words_of

LINES = ["my cat is called Mochi", "pizza with pineapple is great", "the boss music slaps"]


def at(folder, act, *, write=False):
    store = Store(folder, map_size_mb=16)
    try:
        return store.write(act) if write else store.read(act)
    finally:
        store.close()


async def found(folder, query, **how):
    async with NeuralMemorySystem(folder, **how) as memory:
        hits = await memory.retrieve_memories(query, 3, strengthen=False)
        return {hit["content"]: hit["why"]["words"] for hit in hits}


@pytest.fixture
async def folder(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        for line in LINES:
            await memory.store_memory(line, metadata={"conversation": "night"})
    return tmp_path / "memory"


def key_bytes(key):
    return key.to_bytes(8, "big")


async def test_every_memory_has_its_words(folder):
    kept = at(folder, postings.every)
    assert list(kept.values()) == [words_of(line) for line in LINES]
    assert not any(b"mochi" in words for words in kept.values()), "no word stands there itself"


@pytest.mark.parametrize("damage", ["none at all", "one lost", "cut short", "read in another way"])
async def test_words_that_do_not_fit_are_made_anew(folder, damage):
    before = await found(folder, "pizza for the cat")

    def harm(txn):
        for row in list(postings.every(txn)):
            if damage == "none at all" or (damage == "one lost" and row == key_bytes(2)):
                txn._remove(postings.TABLE, row)
            elif damage == "cut short":
                txn._put(postings.TABLE, row, b"abc")
            elif damage == "read in another way":
                txn._put(postings.TABLE, row, words_of("something else"))
        if damage == "read in another way":
            txn._put("meta", postings.READING, b"0")

    at(folder, harm, write=True)
    assert await found(folder, "pizza for the cat", read_only=True) == before
    assert await found(folder, "pizza for the cat") == before
    kept = at(folder, postings.every)
    assert list(kept.values()) == [words_of(line) for line in LINES]


async def test_words_of_an_earlier_reading_are_read_again(tmp_path):
    """Of a run of kana and kanji there were pairs alone."""
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        await memory.store_memory("猫を二匹飼っています")

    def as_before(txn):
        (key,) = postings.every(txn)
        txn._put(postings.TABLE, key, words_of("猫 二匹"))
        txn._put("meta", postings.READING, b"1")

    at(tmp_path / "memory", as_before, write=True)
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        (hit,) = await memory.retrieve_memories("飼", 1)
        assert hit["why"]["words"] is not None
        assert (await memory.verify())["faults"] == []


async def test_what_is_forgotten_takes_its_words_along(folder):
    async with NeuralMemorySystem(folder) as memory:
        (hit,) = await memory.retrieve_memories("pizza", 1)
        await memory.forget_memory(hit["id"])
        assert (await memory.verify())["faults"] == []
    assert list(at(folder, postings.every)) == [key_bytes(1), key_bytes(3)]
    assert "pizza with pineapple is great" not in await found(folder, "pizza")
