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
