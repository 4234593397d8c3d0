"""Which channels a worker takes, keeps and lets go of."""

import asyncio

import pytest
from redis.asyncio import Redis

from hikari_ml.bridge.leases import Leases, key
from hikari_ml.bridge.owning import Owning
from hikari_ml.bridge.protocol import CallError
from hikari_ml.errors import StoreError, StoreLockedError
from hikari_ml.runtime.service import ended
from tests.bridge.workers import until


class Channel:
    """Stands where a Hikari would: opening and closing is all that owning does with one."""

    def __init__(self, name, log, fails=0):
        self.channel, self._log, self._fails = name, log, fails

    async def __aenter__(self):
        self._log.append(f"open {self.channel}")
        return self

    async def aclose(self):
        self._log.append(f"close {self.channel}")


def owning_of(redis, name, log, most=2, seconds=0.8, make=None):
    async def note(what, owned):
        log.append(f"{what} {owned.name}")

    leases = Leases(redis, name, seconds)
    return Owning(
        leases,
        make or (lambda channel: Channel(channel, log)),
        most,
        lambda owned: note("begin", owned),
        lambda owned: note("finish", owned),
    )


async def test_a_channel_is_opened_once_and_closed_in_order(redis_url):
    log = []
    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", log)
        first, second = await asyncio.gather(owning.get("c"), owning.get("c"))
        assert first is second
        assert owning.holds(first)
        await owning.close_all()
        assert log == ["open c", "begin c", "finish c", "close c"]
        assert not await redis.exists(key("c"))


async def test_anothers_channel_is_left_alone(redis_url):
    log = []
    async with Redis.from_url(redis_url) as redis:
        one, other = owning_of(redis, "one", log), owning_of(redis, "other", log)
        await one.get("c")
        assert await other.get("c") is None
        assert await other.get("c") is None
        assert log == ["open c", "begin c"]
        await one.close_all()
        await asyncio.sleep(0.3)
        assert await other.get("c") is not None
        await other.close_all()


async def test_no_more_are_opened_than_may_be(redis_url):
    log = []
    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", log, most=1)
        await owning.get("a")
        with pytest.raises(CallError, match="all 1 of this worker are taken") as caught:
            await owning.get("b")
        assert caught.value.code == "unavailable"
        owning.pinned.add("b")
        assert await owning.get("b") is not None
        await owning.close_all()


async def test_what_is_lost_or_idle_is_closed_and_what_is_pinned_comes_back(redis_url):
    log = []
    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", log)
        owning.pinned.add("pinned")
        for name in ("pinned", "idle"):
            await owning.get(name)
        keeping = asyncio.create_task(owning.keep(idle_seconds=0.5))
        await until(lambda: "close idle" in log)
        assert "close pinned" not in log
        await redis.set(key("pinned"), "a thief")
        await until(lambda: "close pinned" in log)
        assert (await redis.get(key("pinned"))) == b"a thief"
        await redis.delete(key("pinned"))
        await until(lambda: log.count("open pinned") == 2)
        await ended(keeping)
        await owning.close_all()


async def test_files_that_the_last_owner_still_holds_are_waited_for(redis_url, tmp_path):
    log, tries = [], []

    class Locked(Channel):
        async def __aenter__(self):
            tries.append(self.channel)
            if len(tries) < 3:
                raise StoreLockedError(tmp_path, "is open elsewhere")
            return await super().__aenter__()

    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", log, make=lambda name: Locked(name, log))
        assert await owning.get("c") is not None
        assert len(tries) == 3
        await owning.close_all()


async def test_a_channel_that_cannot_be_opened_is_let_go(redis_url, tmp_path):
    class Broken(Channel):
        async def __aenter__(self):
            raise StoreError(tmp_path, "is broken")

    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", [], make=lambda name: Broken(name, []), seconds=0.5)
        with pytest.raises(StoreError, match="is broken"):
            await owning.get("c")
        assert not await redis.exists(key("c"))
        assert owning.open == []


@pytest.mark.parametrize("pinned", [True, False])
async def test_a_redis_that_refuses_to_write_is_told_of_until_it_writes_again(redis_url, pinned):
    log = []
    async with Redis.from_url(redis_url) as redis:
        owning = owning_of(redis, "w", log)
        owning.pinned = {"c"} if pinned else set()
        await owning.get("c")
        keeping = asyncio.create_task(owning.keep(60))
        assert owning.trouble is None
        await redis.config_set("min-replicas-to-write", 1)  # as with a full disk: writes alone are refused
        try:
            await until(lambda: owning.trouble)
            assert owning.trouble.startswith("channels cannot be kept or taken: NOREPLICAS")
            await until(lambda: not owning.open)
            assert owning.trouble, "that nothing is left to renew makes it no better"
        finally:
            await redis.config_set("min-replicas-to-write", 0)
        await until(lambda: owning.trouble is None and len(owning.open) == pinned)
        await ended(keeping)
        await owning.close_all()
