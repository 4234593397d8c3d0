"""Networks, workers and a Redis that fail while calls flow: nothing durable is lost, or done twice."""

import asyncio
import os
import random
import signal
from contextlib import asynccontextmanager, suppress

import pytest

from hikari_ml.bridge import connection
from hikari_ml.bridge.client import BridgeClient
from hikari_ml.bridge.leases import key
from hikari_ml.bridge.protocol import DURABLE, CallError
from hikari_ml.bridge.router import DEAD, stream_of
from hikari_ml.bridge.subscriber import Subscriber
from tests.bridge.test_intake import SAYS, started
from tests.bridge.workers import client_of, settings_in, until, worker
from tests.redis_server import RedisServer
from tests.wire import wire_to

USERS = 7
LANES = 3


async def surely(client, method, params, request_id):
    """The answer to a durable call, asked for again with the same id until it comes."""
    while True:
        try:
            return await client.call(method, params, durable=True, request_id=request_id, timeout=4)
        except CallError as error:
            if error.code != "deadline_exceeded":
                raise


class Flow:
    """Calls that flow while things fail, each told apart by its number."""

    def __init__(self, client):
        self._client = client
        self._rng = random.Random(3)
        self._over = asyncio.Event()
        self.begun = self.done = 0
        self.answered = self.unanswered = 0

    async def _durable(self):
        while not self._over.is_set():
            number, self.begun = self.begun, self.begun + 1
            said = {"username": f"user{number % USERS}", "message": f"line {number}"}
            told = {"content": SAYS[number % 4].format(number), "memory_type": "fact"}
            await surely(self._client, "process_chat_message", said, f"m{number}")
            first = await surely(self._client, "store_memory", told, f"s{number}")
            if self._rng.random() < 0.3:
                assert await surely(self._client, "store_memory", told, f"s{number}") == first
                await surely(self._client, "process_chat_message", said, f"m{number}")
            self.done += 1

    async def _published(self):
        """Every answer is to what was asked."""
        number = 0
        while not self._over.is_set():
            number += 1
            asked = {"text": f"text number {number}", "username": "anna"}
            try:
                found = await self._client.call("analyze_message", asked, timeout=1.5)
            except CallError as error:
                assert error.code in ("deadline_exceeded", "unavailable"), error
                self.unanswered += 1
            else:
                assert found["text"] == asked["text"]
                self.answered += 1

    async def goes_on(self):
        """Wait until both kinds of calls are done again."""
        done, answered = self.done + 4, self.answered + 2
        await until(lambda: self.done >= done and self.answered >= answered, 60)

    @asynccontextmanager
    async def running(self):
        async with asyncio.TaskGroup() as group:
            for work in (*(self._durable() for _ in range(LANES)), self._published()):
                group.create_task(work)
            await self.goes_on()
            yield self
            await self.goes_on()
            self._over.set()


async def check(url, calls):
    """Everything is there once, and nothing waits."""
    async with client_of(url) as client:
        for user in range(USERS):
            found = await client.ask("get_viewer_insights", {"username": f"user{user}"}, durable=True)
            assert found["message_count"] == len(range(user, calls, USERS))
        assert (await client.ask("get_memory_stats", durable=True))["total"] == calls
        assert await client.redis.xlen(DEAD) == 0
        await until(lambda: _nothing_waits(client), 30)


async def _nothing_waits(client):
    return await client.redis.xlen(stream_of("default")) + await client.redis.xlen(DURABLE) == 0


def _through(wire):
    return f"redis://127.0.0.1:{wire.port}/0"


async def _trouble(wire, kind, seconds):
    """One thing that networks do."""
    if kind == "cut in a frame":
        wire.cuts = 4000
    elif kind == "stall":
        wire.swallows = True
    elif kind == "delay":
        wire.delay = 0.05
    if kind.startswith("cut"):
        wire.cut()
    await asyncio.sleep(seconds)
    wire.cuts, wire.swallows, wire.delay = None, False, 0.0


TROUBLES = ["cut now", "cut in a frame", "stall", "delay"]


@pytest.mark.parametrize("rounds", [1, pytest.param(40, marks=[pytest.mark.long, pytest.mark.timeout(7200)])])
async def test_a_network_that_cuts_stalls_and_delays(redis_process, redis_url, tmp_path, monkeypatch, rounds):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1.5)
    for name in ("quiet", "pong"):
        monkeypatch.setitem(Subscriber.__init__.__kwdefaults__, name, 0.7)
    rng = random.Random(7)
    async with (
        wire_to(redis_process.port) as near,
        wire_to(redis_process.port) as far,
        worker(_through(near), settings_in(tmp_path), "default"),
        BridgeClient(_through(far)) as client,
        Flow(client).running() as flow,
    ):
        for _ in range(rounds):
            for wire in (near, far):
                for kind in TROUBLES:
                    await _trouble(wire, kind, rng.uniform(0.3, 1.5))
                    await flow.goes_on()
        assert near.cut_count > rounds
        assert far.cut_count > rounds
    async with worker(redis_url, settings_in(tmp_path), "default"):
        await check(redis_url, flow.begun)


async def _owner(url):
    async with client_of(url) as client:
        found = await client.redis.get(key("default"))
        return None if found is None else found.decode()


def _process_of(owner):
    return int(owner.split(":")[1])


@asynccontextmanager
async def _two(url, folder):
    """Two workers in processes of their own, on the same folder; what is left of them is ended."""
    workers = [await started(url, folder)]
    workers.append(await started(url, folder))
    try:
        yield workers
    finally:
        for process in workers:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def test_a_worker_that_is_stopped_for_longer_than_its_lease(redis_url, tmp_path):
    async with _two(redis_url, tmp_path) as workers, BridgeClient(redis_url) as client:
        async with Flow(client).running() as flow:
            first = _process_of(await _owner(redis_url))
            os.kill(first, signal.SIGSTOP)

            async def is_taken():
                owner = await _owner(redis_url)
                return owner is not None and _process_of(owner) != first

            await until(is_taken, 30)
            os.kill(first, signal.SIGCONT)
            await flow.goes_on()
        owner = await _owner(redis_url)
        assert _process_of(owner) in {process.pid for process in workers}
        assert {process.returncode for process in workers} == {None}
        await check(redis_url, flow.begun)
        assert await _owner(redis_url) == owner


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(7200)])])
async def test_two_workers_and_one_channel_under_kills(redis_url, tmp_path, kills):
    rng = random.Random(11)
    async with _two(redis_url, tmp_path) as workers, BridgeClient(redis_url) as client:
        async with Flow(client).running() as flow:
            for _ in range(kills):
                await asyncio.sleep(rng.uniform(0, 0.6))
                owner = _process_of(await _owner(redis_url) or ":0")
                victim = next((p for p in workers if p.pid == owner), workers[0])
                victim.kill()
                await victim.wait()
                workers.remove(victim)
                workers.append(await started(redis_url, tmp_path))
                await flow.goes_on()
        await check(redis_url, flow.begun)


@pytest.mark.parametrize("times", [2, pytest.param(40, marks=[pytest.mark.long, pytest.mark.timeout(7200)])])
async def test_redis_is_killed_and_comes_back(tmp_path, times):
    server = RedisServer(tmp_path)
    try:
        async with (
            worker(server.url, settings_in(tmp_path), "default"),
            BridgeClient(server.url) as client,
            Flow(client).running() as flow,
        ):
            for number in range(times):
                server.kill()
                await asyncio.sleep(0.4 if number % 2 else 4.0)  # shorter than a lease, and longer
                server.start()
                await flow.goes_on()
        async with worker(server.url, settings_in(tmp_path), "default"):
            await check(server.url, flow.begun)
    finally:
        server.stop()


async def test_redis_is_emptied(redis_url, tmp_path):
    """What waited for an answer is gone then; who asks again with the same id has it done, once."""
    async with BridgeClient(redis_url) as client, client_of(redis_url) as direct:
        async with (
            worker(redis_url, settings_in(tmp_path), "default") as one,
            worker(redis_url, settings_in(tmp_path)) as other,
            Flow(client).running() as flow,
        ):
            for _ in range(2):
                await direct.redis.flushall()
                await flow.goes_on()
            assert sorted(len(bridge.hikaris) for bridge in (one, other)) == [0, 1]
            assert await _owner(redis_url) in (one.worker, other.worker)
        async with worker(redis_url, settings_in(tmp_path), "default"):
            await check(redis_url, flow.begun)
