"""A network that cuts the feed in the middle of a frame: nothing is missing without a word."""

import asyncio
import random
from urllib.parse import urlsplit

import pytest

from benchmarks.speed.service.watcher import Watcher
from hikari_ml.feed.server import FeedServer
from hikari_ml.runtime.service import ended
from tests.feed.support import until
from tests.wire import wire_to


class Changing:
    """A state that never stands still until it is told to."""

    def __init__(self):
        self._rng = random.Random(2)
        self.state = {"n": 0, "lists": {}}
        self.still = False

    async def __call__(self):
        if not self.still:
            self.state["n"] += 1
            self.state["lists"][f"k{self._rng.randrange(6)}"] = ["é" * self._rng.randrange(400)]
            self.state["lists"].pop(f"k{self._rng.randrange(6)}", None)
        return self.state


async def _follows(watcher, frames):
    wanted = watcher.counts.total() + frames
    await until(lambda: watcher.counts.total() >= wanted)


@pytest.mark.parametrize("cuts", [12, pytest.param(400, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("packed", [False, True])
async def test_a_feed_cut_in_the_middle_of_a_frame_goes_on_without_a_gap(cuts, packed):
    source = Changing()
    async with (
        FeedServer(source, port=0, interval=0.01) as server,
        wire_to(urlsplit(server.url).port) as wire,
    ):
        watcher = Watcher(f"ws://127.0.0.1:{wire.port}/feed", packed=packed)
        task = asyncio.create_task(watcher.watch())
        await _follows(watcher, 5)
        wire.cuts = 12_000
        wire.cut()
        await until(lambda: task.done() or wire.cut_count > cuts, 20 + cuts)
        wire.cuts = None
        wire.cut()
        await _follows(watcher, 5)
        source.still = True
        feed = server.channels["default"].feed
        await until(lambda: task.done() or (watcher.seq, watcher.epoch) == (feed.seq, feed.epoch))
        assert not task.done(), task.exception()
        assert watcher.state == feed.state
        assert watcher.counts["resumed"] > cuts / 4
        await ended(task)


async def test_a_client_that_was_away_too_long_is_told():
    source = Changing()
    async with (
        FeedServer(source, port=0, interval=0.002) as server,
        wire_to(urlsplit(server.url).port) as wire,
    ):
        watcher = Watcher(f"ws://127.0.0.1:{wire.port}/feed")
        task = asyncio.create_task(watcher.watch())
        await _follows(watcher, 5)
        wire.cuts = 1  # nothing passes
        wire.cut()
        feed, left = server.channels["default"].feed, watcher.seq
        await until(lambda: feed.seq > left + 600)
        wire.cuts = None
        await until(lambda: task.done() or watcher.counts["not recovered"] == 1)
        source.still = True
        await until(lambda: task.done() or watcher.seq == feed.seq)
        assert not task.done(), task.exception()
        assert watcher.state == feed.state
        await ended(task)
