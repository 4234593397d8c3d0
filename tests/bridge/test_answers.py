"""Answers are there for who says a call again, and go when somebody is forgotten."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

from redis.asyncio import Redis

from hikari_ml.bridge.answers import Answers, answered_key, forget_calls
from hikari_ml.bridge.outbox import Outbox
from hikari_ml.bridge.protocol import CallError, Request, encode_request, refusal, reply
from hikari_ml.bridge.reading import epoch_key
from hikari_ml.bridge.router import DEAD, stream_of
from hikari_ml.runtime.service import ended

CALL = Request("x", "perceive", {"n": 1}, "c")


@asynccontextmanager
async def answers_of(redis):
    await redis.set(epoch_key(stream_of("c")), "e")
    outbox = Outbox(redis)
    answers = Answers(redis, outbox, "c")
    await answers.begin()
    delivering = asyncio.create_task(outbox.deliver())
    yield answers, outbox
    await ended(delivering)


async def test_an_answer_is_known_here_and_to_who_comes_after(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        answers.keep(CALL, "e/1-0", reply("x", 1))
        assert await outbox.caught_up(5)
        assert answers.applied(CALL) == await answers.known(CALL)
        assert answers.applied(CALL).data == reply("x", 1)
        assert answers.applied(Request("y", "perceive", {}, "c")) is None


async def test_what_is_noted_is_known_here_alone_until_somebody_is_forgotten(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        answers.note(CALL, "e/1-0", reply("x", {"user": "anna"}))
        assert await outbox.caught_up(5)
        assert await answers.known(CALL) is None
        assert answers.applied(CALL).data == reply("x", {"user": "anna"})
        await answers.forget()
        assert answers.applied(CALL).data == b""


async def test_a_call_that_failed_counts_as_not_done(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        answers.keep(CALL, "e/1-0", refusal("x", CallError("unavailable", "full")))
        assert await outbox.caught_up(5)
        assert answers.applied(CALL) is None
        assert (await answers.known(CALL)).place == "e/1-0"


async def test_what_is_sent_late_does_not_bring_back_what_was_forgotten(redis_url):
    async with (
        Redis.from_url(redis_url) as redis,
        answers_of(redis) as (former, outbox),
        answers_of(redis) as (answers, own),
    ):
        await answers.forget()
        former.keep(CALL, "e/1-0", reply("x", {"text": "what anna said"}))
        assert await outbox.caught_up(5)
        assert await answers.known(CALL) is None
        answers.keep(CALL, "e/2-0", reply("x", 2))
        assert await own.caught_up(5)
        assert (await answers.known(CALL)).place == "e/2-0"


async def test_another_channel_whose_name_begins_alike_keeps_its_answers(redis_url):
    async with Redis.from_url(redis_url) as redis:
        names = [
            answered_key(replace(CALL, channel=channel)) for channel in ("c", "c.clips", "c.x" * 11, "d")
        ]
        for name in names:
            await redis.set(name, b"kept")
        await forget_calls(redis, "c")
        assert [await redis.exists(name) for name in names] == [0, 1, 1, 1]


async def test_an_answer_does_not_outlive_its_stream(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        await redis.flushall()
        answers.keep(CALL, "e/1-0", reply("x", 1))
        assert await outbox.caught_up(5)
        assert await answers.known(CALL) is None


async def test_what_another_version_wrote_is_not_known(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        answers.keep(CALL, "e/1-0", reply("x", 1))
        assert await outbox.caught_up(5)
        (name,) = await redis.keys("hikari.answered.*")
        await redis.set(name, b"12-0\0of another version")
        assert await answers.known(CALL) is None


async def test_what_is_forgotten_is_still_known_to_be_done(redis_url):
    async with Redis.from_url(redis_url) as redis, answers_of(redis) as (answers, outbox):
        answers.keep(CALL, "e/1-0", reply("x", 1))
        assert await outbox.caught_up(5)
        for channel in ("c", "d"):
            await redis.xadd(DEAD, {"data": encode_request(Request("y", "perceive", {}, channel))})
        await answers.forget()
        assert answers.applied(CALL).data == b""
        assert await answers.known(CALL) is None
        assert await redis.xlen(DEAD) == 1
