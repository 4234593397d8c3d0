"""A service starts once, closes once, and is noticed when it is leaked."""

import asyncio
import gc

import pytest

from hikari_ml.errors import ClosedError
from hikari_ml.runtime.service import Service


class Thing(Service):
    def __init__(self, fail=False):
        super().__init__()
        self.log, self.fail = [], fail

    async def _open(self, stack):
        await asyncio.sleep(0)
        self.log.append("first")
        stack.callback(self.log.append, "first gone")
        if self.fail:
            raise OSError("second is not there")
        self.log.append("second")
        stack.callback(self.log.append, "second gone")

    async def use(self):
        await self._ready()
        return len(self.log)


async def test_it_works_as_a_context_manager():
    async with Thing() as thing:
        assert await thing.use() == 2
    assert thing.log == ["first", "second", "second gone", "first gone"]


async def test_it_starts_on_first_use_and_once_however_many_ask():
    thing = Thing()
    assert set(await asyncio.gather(*(thing.use() for _ in range(20)))) == {2}
    await thing.aclose()
    await thing.aclose()
    assert thing.log == ["first", "second", "second gone", "first gone"]


async def test_half_a_failed_start_unwinds_and_may_be_tried_again():
    thing = Thing(fail=True)
    with pytest.raises(OSError, match="second"):
        await thing.use()
    assert thing.log == ["first", "first gone"]
    thing.fail = False
    assert await thing.use() == 4
    await thing.aclose()


async def test_it_cannot_be_used_after_it_was_closed():
    thing = Thing()
    await thing.aclose()
    with pytest.raises(ClosedError, match="Thing is closed"):
        await thing.use()


async def test_a_leak_is_warned_about():
    thing = Thing()
    await thing.use()
    with pytest.warns(ResourceWarning, match="Thing was not closed"):
        del thing
        gc.collect()


async def test_what_was_never_started_is_no_leak(recwarn):
    thing = Thing()
    del thing
    gc.collect()
    assert not [warning for warning in recwarn if warning.category is ResourceWarning]


async def test_closing_while_it_starts_closes_it():
    thing = Thing()
    first = asyncio.create_task(thing.use())
    await asyncio.sleep(0)
    await thing.aclose()
    assert await first == 2
    assert thing.log == ["first", "second", "second gone", "first gone"]
    with pytest.raises(ClosedError):
        await thing.use()


class Slow(Thing):
    """It starts and ends once it may."""

    def __init__(self, fail=False):
        super().__init__(fail)
        self.may_start, self.ending, self.may_end = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def _open(self, stack):
        await self.may_start.wait()
        await super()._open(stack)
        stack.push_async_callback(self._end)

    async def _end(self):
        self.ending.set()
        await self.may_end.wait()
        self.log.append("kept")


async def cut_short(coroutine, once):
    task = asyncio.create_task(coroutine)
    await once
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("call", [Thing.use, Thing.__aenter__])
async def test_a_start_that_is_cut_short_unwinds_and_is_tried_again(call):
    thing = Slow()
    await cut_short(call(thing), asyncio.sleep(0))
    assert thing.log == []
    thing.may_start.set()
    assert await thing.use() == 2
    thing.may_end.set()
    await thing.aclose()
    assert thing.log.count("first") == 1


def test_a_close_that_a_loop_ended_before_it_began_is_done_in_the_next():
    thing = Slow()
    thing.may_start.set()
    thing.may_end.set()

    async def used():
        await thing.use()
        closing.append(asyncio.create_task(thing.aclose()))
        await asyncio.sleep(0)

    closing = []
    asyncio.run(used())
    asyncio.run(thing.aclose())
    assert "first gone" in thing.log


async def test_a_close_that_is_cut_short_goes_on_and_the_next_waits_for_it():
    thing = Slow()
    thing.may_start.set()
    await thing.use()
    await cut_short(thing.aclose(), thing.ending.wait())
    assert "kept" not in thing.log
    thing.may_end.set()
    await thing.aclose()
    assert thing.log[-3:] == ["kept", "second gone", "first gone"]


async def test_what_went_wrong_in_a_close_that_was_cut_short_is_told_once():
    thing = Slow()
    thing.may_start.set()
    await thing.use()
    thing._stack.callback([].pop)
    await cut_short(thing.aclose(), thing.ending.wait())
    thing.may_end.set()
    with pytest.raises(IndexError):
        await thing.aclose()
    await thing.aclose()


async def test_who_asks_while_it_is_closed_is_told_at_once():
    thing = Slow()
    thing.may_start.set()
    await thing.use()
    closing = asyncio.create_task(thing.aclose())
    await thing.ending.wait()
    with pytest.raises(ClosedError, match="Slow is closed"):
        await thing.use()
    thing.may_end.set()
    await closing


async def test_who_waited_for_the_start_comes_before_the_close():
    thing = Slow()
    thing.may_start.set()
    thing.may_end.set()
    calls = [asyncio.create_task(thing.use()) for _ in range(5)]
    closing = asyncio.create_task(thing.aclose())
    assert await asyncio.gather(*calls) == [2] * 5
    await closing
