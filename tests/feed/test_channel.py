"""One feed by itself: how it follows its source, and what it says of itself."""

import asyncio
import logging

import pytest

from hikari_ml.errors import ClosedError
from hikari_ml.feed import channel as channel_module
from hikari_ml.feed.channel import Channel
from tests.feed.support import until


async def test_it_follows_its_source():
    state = {"n": 0}

    async def source():
        return state

    async with Channel("hikari", source, interval=0.01) as channel:
        assert (channel.feed.state, channel.is_open, channel.troubles()) == ({"n": 0}, True, [])
        state["n"] = 1
        await until(lambda: channel.feed.state == {"n": 1})
        assert channel.counts.frames == 1
        channel.publish("raid", {"n": 1})
        assert (channel.feed.seq, channel.counts.frames) == (3, 2)
    assert not channel.is_open


async def test_a_source_that_fails_at_first_is_no_feed():
    async def source():
        raise KeyError("what a viewer wrote")

    with pytest.raises(KeyError):
        await Channel("hikari", source, interval=0.01).start()


async def test_a_source_that_is_closed_is_no_fault(caplog):
    closed = []

    async def source():
        if closed:
            raise ClosedError("the engine")
        return {}

    async with Channel("hikari", source, interval=0.001) as channel:
        closed.append(1)
        await until(lambda: channel.trouble == "ClosedError")
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_a_source_that_fails_or_hangs_is_told_without_a_word_of_it(monkeypatch, caplog):
    monkeypatch.setattr(channel_module, "STALE_SECONDS", 0.05)
    asked = []

    async def source():
        asked.append(1)
        if len(asked) == 2:
            raise KeyError("what a viewer wrote")
        if len(asked) > 2:
            await asyncio.sleep(100)
        return {}

    async with Channel("hikari", source, interval=0.001) as channel:
        await until(lambda: len(asked) > 2)
        assert channel.troubles() == ["the state cannot be told (KeyError)"]
        await until(lambda: len(channel.troubles()) == 2)
        assert "s old" in channel.troubles()[1]
    assert channel.counts.failed_snapshots == 1
