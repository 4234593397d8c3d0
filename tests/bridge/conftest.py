"""A Redis for the bridge."""

from tests.redis_server import redis_process, redis_url, slow_redis  # noqa: F401
