"""What was learned is written when it is time, once at a time, and a failure is told and made good."""

import asyncio
from datetime import timedelta

import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.errors import StoreError, StoreLockedError
from hikari_ml.realtime_analytics.keeping import SAVE_SECONDS, Keeper
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.runtime.lane import work_lane
from tests.support import START


class World:
    def __init__(self, path):
        self.clock, self.troubles, self.packed = ManualClock(START), {}, 0
        self.lane = work_lane("test")
        self.keeper = Keeper(path, self.clock, self.lane, self.pack, self.troubles)

    async def pack(self):
        self.packed += 1
        await asyncio.sleep(0)
        return {"packed": self.packed}

    async def later(self):
        """Past the time to write, and until that is done."""
        self.clock.advance_to(self.clock.now() + timedelta(seconds=SAVE_SECONDS + 1))
        self.keeper.save_when_due()
        await asyncio.gather(*(t for t in asyncio.all_tasks() if t is not asyncio.current_task()))


@pytest.fixture
async def world(tmp_path):
    found = World(tmp_path / "state.bin")
    yield found
    await found.lane.aclose()


async def test_it_is_written_when_it_is_time_and_read_again(world):
    assert await world.keeper.load() is None
    world.keeper.save_when_due()
    assert world.packed == 0, "it is not time yet"
    await world.later()
    assert world.packed == 1
    assert (await world.keeper.load())["packed"] == 1


async def test_one_write_at_a_time(world):
    world.clock.advance_to(START + timedelta(seconds=SAVE_SECONDS + 1))
    world.keeper.save_when_due()
    world.clock.advance_to(START + timedelta(seconds=2 * SAVE_SECONDS + 2))
    world.keeper.save_when_due()
    await world.keeper.write_last()
    assert world.packed == 2, "the one in the background, and the last"


async def test_a_failure_is_told_until_a_write_succeeds(world, tmp_path):
    path = tmp_path / "state.bin"
    path.mkdir()
    (path / "in the way").touch()
    await world.later()
    assert "state" in world.troubles
    with pytest.raises(StoreError):
        await world.keeper.write()
    (path / "in the way").unlink()
    path.rmdir()
    await world.later()
    assert world.troubles == {}


async def test_without_a_path_nothing_is_kept():
    world = World(None)
    assert await world.keeper.load() is None
    await world.later()
    await world.keeper.write_last()
    assert world.packed == 0
    await world.lane.aclose()


async def test_a_write_that_failed_oddly_does_not_keep_the_last_from_being_written(world):
    async def broken():
        raise ValueError

    pack, world.keeper._pack = world.keeper._pack, broken
    world.clock.advance_to(START + timedelta(seconds=SAVE_SECONDS + 1))
    world.keeper.save_when_due()
    await asyncio.sleep(0)
    world.keeper._pack = pack
    await world.keeper.write_last()
    assert (await world.keeper.load())["packed"] == 1
    assert isinstance(world.keeper._saver.exception(), ValueError)


async def test_what_is_written_holds_all_of_a_position_or_nothing(tmp_path):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path) as engine:
        assert engine.position is None
        async with engine.applying("5-0"):
            await engine.process_chat_message("anna", "hello there")
            writing = asyncio.create_task(engine.save())
            await asyncio.sleep(0.05)
            assert not writing.done()
        await writing
        with pytest.raises(RuntimeError):
            async with engine.applying("6-0"):
                raise RuntimeError
        assert engine.position == "5-0"
        async with engine.applying("7-0"):
            pass
        assert engine.position == "5-0"  # it is not written yet
        await engine.save()
        assert engine.position == "7-0"
    async with StreamAnalyticsEngine(path=path) as engine:
        assert (await engine.get_viewer_insights("anna"))["message_count"] == 1
        assert engine.position == "7-0"


async def test_two_engines_do_not_write_one_file(tmp_path):
    path = tmp_path / "state.bin"
    async with StreamAnalyticsEngine(path=path) as engine:
        await engine.process_chat_message("anna", "hi")
        with pytest.raises(StoreLockedError, match="give each its own"):
            await StreamAnalyticsEngine(path=path).process_chat_message("ben", "hi")
    async with StreamAnalyticsEngine(path=path) as engine:
        assert engine.chatters == 1
