"""Connections that say what became of them."""

import pytest
from redis.exceptions import RedisError

from hikari_ml.bridge import connection
from hikari_ml.bridge.connection import NO_ADDRESS, connect
from hikari_ml.errors import ConfigError
from tests.wire import wire_to


async def test_one_that_is_only_half_there_is_given_up_and_the_next_works(redis_process, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    async with wire_to(redis_process.port) as wire, connect(f"redis://127.0.0.1:{wire.port}/0") as redis:
        assert await redis.ping()
        wire.swallows = True
        with pytest.raises(RedisError):
            await redis.ping()
        wire.swallows = False
        assert await redis.ping()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pa/ss@127.0.0.1:6379/0",
        "redis://:pa#ss@127.0.0.1:6379/0",
        "redis://h:17x9/0",
        "http://h",
        "h",
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(url):
    with pytest.raises(ConfigError, match=r"bridge\.redis.*percent-encoded") as caught:
        connect(url)
    assert caught.value.__suppress_context__
    assert str(caught.value) == f"setting 'bridge.redis': {NO_ADDRESS}", "nothing of it is quoted"


async def test_what_lost_its_answer_is_not_sent_again(redis_process, redis_url):
    async with (
        wire_to(redis_process.port) as wire,
        connect(f"redis://127.0.0.1:{wire.port}/0") as redis,
        connect(redis_url) as other,
    ):
        wire.cuts = 50_000
        with pytest.raises((RedisError, OSError)):
            await redis.eval("redis.call('incr', 'n') return string.rep('x', 1000000)", 0)
        assert int(await other.get("n")) == 1
