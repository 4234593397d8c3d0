"""What workers share, and what they do not."""

import numpy as np
import pytest
from redis.asyncio import Redis

from hikari_ml.bridge.cache import READINGS, RedisShelf, ViewerCache, packed, unpacked
from hikari_ml.models.reading import CachedReader, Reading, cache_key


def reading(seed):
    vector = np.random.default_rng(seed).normal(size=8).astype(np.float32)
    return Reading(0.7, 0.9, (0.1,) * 7, (0.2,) * 6, vector, seed % 2 == 0)


def same(first, second):
    return packed(first) == packed(second)


class Model:
    """Counts what it is asked."""

    model_id, embedding_id, dim, languages = "m", "m", 8, {}

    def __init__(self):
        self.asked = []

    def read(self, texts):
        self.asked += texts
        return [reading(len(text)) for text in texts]


@pytest.fixture
def shelf(redis_url):
    found = RedisShelf(redis_url, 60)
    yield found
    found.close()


def test_a_reading_comes_back_bit_by_bit():
    for seed in (1, 2):
        assert same(unpacked(packed(reading(seed))), reading(seed))
    assert unpacked(b"") is None
    assert unpacked(b"\xc1") is None
    assert unpacked(packed(reading(1))[:-3]) is None


def test_what_one_reads_the_other_need_not(shelf, redis_url):
    first, second = Model(), Model()
    texts = ["a", "bb", "ccc"]
    one = CachedReader(first, 10, shelf).read(texts[:2])
    other = CachedReader(second, 10, shelf).read(texts)
    assert (first.asked, second.asked) == (["a", "bb"], ["ccc"])
    assert all(same(x, y) for x, y in zip(one, other, strict=False))
    assert (shelf.hits, shelf.misses) == (2, 3)


async def test_nothing_of_who_said_it_lies_on_the_shelf(shelf, redis_url):
    CachedReader(Model(), 10, shelf).read(["my name is anna"])
    async with Redis.from_url(redis_url) as redis:
        (name,) = [key async for key in redis.scan_iter("*")]
        assert name.decode() == READINGS + cache_key("m", "my name is anna")
        assert b"anna" not in await redis.get(name)
        assert 0 < await redis.ttl(name) <= 60


def test_a_redis_that_is_away_costs_little_and_loses_nothing():
    shelf = RedisShelf("redis://127.0.0.1:1/0", 60)
    model = Model()
    reader = CachedReader(model, 0, shelf)
    for _ in range(3):
        assert len(reader.read(["a"])) == 1
    assert model.asked == ["a", "a", "a"]
    assert shelf.failures == 1
    shelf.close()


async def test_a_viewer_is_kept_for_seconds_and_goes_when_erased(redis_url):
    async with Redis.from_url(redis_url) as redis:
        cache = ViewerCache(redis)
        await cache.put("c", "Anna", {"message_count": 3})
        assert await cache.get("c", "anna") == {"message_count": 3}
        assert await cache.get("other", "anna") is None
        assert await cache.forget("c", "ANNA") == 1
        assert await cache.get("c", "anna") is None
