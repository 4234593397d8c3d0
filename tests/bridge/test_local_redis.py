"""A Redis of our own."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import weakref
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from filelock import FileLock
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, OutOfMemoryError

from hikari_ml.bridge import connection, local_redis
from hikari_ml.bridge.local_redis import LocalRedis, answers, free_port, redis_server, whose
from hikari_ml.bridge.rewriting import rewritten
from hikari_ml.errors import StoreError
from tests.redis_server import much


async def test_what_it_accepted_outlives_it(tmp_path):
    folder = tmp_path / "r"
    async with LocalRedis(folder, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set("k", "v")
        url = server.url
    assert not await answers(url, folder)
    async with LocalRedis(folder, 0) as server, Redis.from_url(server.url) as redis:
        assert await redis.get("k") == b"v"


async def eventually_without(folder, secret):
    async with asyncio.timeout(20):
        while any(secret in path.read_bytes() for path in folder.rglob("*") if path.is_file()):
            await asyncio.sleep(0.02)


async def test_what_was_deleted_is_in_no_file_once_it_has_ended(tmp_path):
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set("k", "qzxsecret")
        await redis.set("kept", "v")
        await redis.delete("k")
    async with asyncio.timeout(0.1):
        await eventually_without(tmp_path, b"qzxsecret")
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        assert await redis.get("kept") == b"v"


async def test_a_deleted_entry_of_a_stream_leaves_the_file_while_others_stay(tmp_path):
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        gone = [await redis.xadd("calls", {"data": f"qzxsecret {number}"}) for number in range(20)]
        for number in range(20):
            await redis.xadd("calls", {"data": f"waits {number}"})
        await redis.xdel("calls", *gone)
    async with asyncio.timeout(0.1):
        await eventually_without(tmp_path, b"qzxsecret")


async def test_when_it_is_full_it_refuses_what_is_new_and_drops_nothing(tmp_path):
    async with LocalRedis(tmp_path, 0, memory_mb=16) as server, Redis.from_url(server.url) as redis:
        added = 0
        with pytest.raises(OutOfMemoryError):
            for _ in range(32):
                await redis.xadd("calls", {"data": b"x" * 2**20})
                added += 1
        assert 0 < added == await redis.xlen("calls")


async def test_after_a_crash_what_was_deleted_goes_when_it_starts_again(tmp_path):
    first = LocalRedis(tmp_path, 0)
    async with first, Redis.from_url(first.url) as redis:
        async with asyncio.timeout(20):
            while not (await redis.info("stats"))["total_forks"]:  # the rewriting of its start comes first
                await asyncio.sleep(0.02)
            await rewritten(redis)
        await redis.set("k", "qzxsecret")
        await redis.delete("k")
        await redis.config_set("appendfsync", "always")
        await redis.set("kept", "v")
        first._process.kill()
        first._process.wait()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(b"qzxsecret" in path.read_bytes() for path in files)
    async with LocalRedis(tmp_path, 0) as second, Redis.from_url(second.url) as redis:
        await eventually_without(tmp_path, b"qzxsecret")
        assert await redis.get("kept") == b"v"


async def test_a_second_process_uses_the_first_ones_and_leaves_it(tmp_path):
    async with LocalRedis(tmp_path, 0) as first:
        async with LocalRedis(tmp_path, 0) as second:
            assert second.url == first.url
        assert await answers(first.url, tmp_path)


async def test_it_stays_until_the_last_who_uses_it_has_gone(tmp_path):
    first, second = LocalRedis(tmp_path, 0), LocalRedis(tmp_path, 0)
    await first.__aenter__()
    async with second:
        await first.aclose()
        assert await answers(second.url, tmp_path)
    assert first._process.wait(10) == 0


async def test_who_leaves_it_to_others_does_not_forget_its_child(tmp_path):
    async with AsyncExitStack() as last:
        async with LocalRedis(tmp_path, free_port(0)) as first:
            process = weakref.ref(first._process)
            await last.enter_async_context(LocalRedis(tmp_path, free_port(0)))
        del first
        gc.collect()
        assert process() is not None, "or it would be warned of as still running"
    assert process().wait(10) == 0


async def test_one_that_dies_is_started_again_once_with_what_it_had_written(tmp_path, caplog):
    async with LocalRedis(tmp_path, 0) as first, LocalRedis(tmp_path, 0) as second:
        async with Redis.from_url(first.url) as redis:
            await redis.config_set("appendfsync", "always")
            await redis.set("k", "v")
        dead = first._process
        dead.kill()
        async with asyncio.timeout(30):
            while dead.poll() is None or not await answers(second.url, tmp_path):
                await asyncio.sleep(0.05)
        async with Redis.from_url(second.url) as redis:
            assert await redis.get("k") == b"v"
        started = {one._process for one in (first, second)} - {None, dead}
        assert len(started) == 1
        while "was started again" not in caplog.text:
            await asyncio.sleep(0.05)
        await asyncio.sleep(3 * local_redis.LOOK_SECONDS)
        assert {one._process for one in (first, second)} - {None, dead} == started
    assert [process.wait(10) for process in started] == [0]


@asynccontextmanager
async def somebody_elses(folder, port):
    """A Redis that is not ours at ``port``."""
    folder.mkdir()
    command = [redis_server(folder), "--port", str(port), "--dir", str(folder), "--save", "900 1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"redis://127.0.0.1:{port}/0"
        async with asyncio.timeout(20):
            while not await answers(url, folder):
                await asyncio.sleep(0.02)
        async with Redis.from_url(url) as redis:
            yield process, redis
    finally:
        process.kill()
        process.wait()


async def met(condition):
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.05)


def killed(server):
    server._process.kill()
    server._process.wait()


async def test_another_redis_that_takes_the_port_is_left_alone(tmp_path, caplog):
    async with LocalRedis(tmp_path / "ours", 0) as server:
        killed(server)
        async with somebody_elses(tmp_path / "theirs", server._port) as (process, theirs):
            await theirs.set("payroll", "not saved yet")
            await theirs.config_resetstat()

            async def told():
                return server.troubles() != []

            await met(told)
            assert "another server has port" in server.troubles()[0]
            async with Redis.from_url(server.url) as redis:
                with pytest.raises(AuthenticationError):
                    await redis.get("payroll")
            await server.aclose()
            assert process.poll() is None, "it was not shut down"
            assert set(await theirs.info("commandstats")) <= {
                f"cmdstat_{name}" for name in ("info", "config", "config|get", "config|resetstat", "auth")
            } | {"cmdstat_client", "cmdstat_client|setinfo", "cmdstat_hello"}
    assert caplog.text.count("is left alone") == 1


async def test_ours_starts_again_once_the_port_is_free(tmp_path):
    async with LocalRedis(tmp_path / "ours", 0) as server:
        killed(server)
        async with somebody_elses(tmp_path / "theirs", server._port):

            async def told():
                return server.troubles() != []

            await met(told)

        async def ours():
            return await answers(server.url, tmp_path / "ours") and not server.troubles()

        await met(ours)


async def test_whose_a_server_is_tells_slow_from_anothers(tmp_path):
    folder = tmp_path / "ours"
    async with LocalRedis(folder, 0) as server:
        assert await whose(server._port, folder) == "ours"
        assert await whose(server._port, tmp_path) == "another"
        async with Redis.from_url(server.url) as redis:
            await redis.config_set("requirepass", "x")
            assert await whose(server._port, folder) == "another", "ours asks for no password"
            await redis.config_set("requirepass", "")
        server._process.send_signal(signal.SIGSTOP)
        try:
            assert await whose(server._port, folder) == "unclear"
        finally:
            server._process.send_signal(signal.SIGCONT)
    assert await whose(server._port, folder) == "nobody"


async def test_one_that_hangs_is_ended_and_what_only_listens_holds_nothing_up(tmp_path, monkeypatch):
    monkeypatch.setattr(local_redis, "STOP_SECONDS", 0.5)
    async with asyncio.timeout(60):
        async with LocalRedis(tmp_path / "hangs", 0) as server:
            server._process.send_signal(signal.SIGSTOP)
        assert server._process.returncode == -signal.SIGKILL
        async with LocalRedis(tmp_path / "dead", 0) as server:
            killed(server)
            listener = socket.create_server(("127.0.0.1", server._port))
        listener.close()


async def test_one_that_has_died_is_left_no_zombie(tmp_path):
    async with LocalRedis(tmp_path, 0) as server:
        process = server._process
        async with somebody_elses_place(process, server._port):

            async def reaped():
                return process.returncode is not None

            await met(reaped)


@asynccontextmanager
async def somebody_elses_place(process, port):
    """Kill ``process`` without a look at how it ended, and have its port taken."""
    process.kill()
    while True:
        try:
            listener = socket.create_server(("127.0.0.1", port))
        except OSError:
            await asyncio.sleep(0.01)
        else:
            break
    try:
        yield
    finally:
        listener.close()


@pytest.fixture
def loading_slowly(monkeypatch):
    """Have a Redis of ours take ten seconds to read what :func:`much` wrote."""
    start = LocalRedis._start

    def slowly(self):
        with monkeypatch.context() as patch:
            patch.setattr(subprocess, "Popen", partial(_slow, subprocess.Popen))
            return start(self)

    def from_now_on():
        monkeypatch.setattr(LocalRedis, "_start", slowly)

    return from_now_on


async def is_loading(redis):
    return (await redis.info("persistence"))["loading"]


async def test_one_that_dies_reads_its_log_while_others_come_and_go(tmp_path, loading_slowly, caplog):
    caplog.set_level("INFO")
    first, second = LocalRedis(tmp_path, 0), LocalRedis(tmp_path, 0)
    async with AsyncExitStack() as last:
        async with first:
            redis = await last.enter_async_context(Redis.from_url(first.url))
            await much(first.url)
            loading_slowly()
            dead = first._process
            killed(first)

            async def again():
                return first._process is not dead and await answers(first.url, tmp_path)

            await met(again)
            starting = asyncio.create_task(last.enter_async_context(second))
            given_up = asyncio.create_task(LocalRedis(tmp_path, 0).__aenter__())
            await met(lambda: _logged(caplog, "that was started before listens", 2))
            given_up.cancel()
            await asyncio.wait({given_up})
        assert await is_loading(redis), "who came and who left did not wait for it"
        assert not starting.done()
        await starting
        assert await redis.get("last") == b"x"
    assert first._process.wait(10) == 0
    assert caplog.text.count("cannot be written anew yet") == 1, "when it was dead"


async def test_a_long_log_is_read_however_long_it_takes(tmp_path, loading_slowly, monkeypatch, caplog):
    caplog.set_level("INFO")
    async with LocalRedis(tmp_path, 0) as server:
        await much(server.url)
        killed(server)
    loading_slowly()
    monkeypatch.setattr(connection, "TELL_SECONDS", 1.0)
    starting = asyncio.create_task(LocalRedis(tmp_path, 0).__aenter__())
    await met(lambda: _logged(caplog, "is reading what it had accepted: "))
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    assert not (tmp_path / "port").exists(), "it was ended"
    monkeypatch.setattr(local_redis, "START_SECONDS", 3.0)
    caplog.clear()
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        assert await redis.get("last") == b"x"
        assert await redis.dbsize() == 60_001
    assert caplog.text.count("is reading what it had accepted: ") == 1


async def _logged(caplog, words, times=1):
    return caplog.text.count(words) >= times


def _slow(popen, command, **more):
    return popen([*command, "--key-load-delay", "100"], **more)


async def test_a_look_that_is_cut_short_leaves_no_connection_open(tmp_path, monkeypatch):
    config_get = Redis.config_get

    async def cut_short(self, *names):
        found = await config_get(self, *names)
        asyncio.current_task().cancel()
        return found

    async with somebody_elses(tmp_path / "theirs", free_port(0)) as (_, redis):
        port = redis.connection_pool.connection_kwargs["port"]
        with monkeypatch.context() as patch:
            patch.setattr(Redis, "config_get", cut_short)
            looking = asyncio.create_task(whose(port, tmp_path))
            await asyncio.wait({looking})
        assert looking.cancelled()
        gc.collect()  # a connection that is left open is warned of


async def test_several_that_come_at_once_start_one(tmp_path):
    several = [LocalRedis(tmp_path, 0) for _ in range(4)]
    await asyncio.gather(*(one.__aenter__() for one in several))
    assert len({one.url for one in several}) == 1
    started = [one._process for one in several if one._process is not None]
    await asyncio.gather(*(one.aclose() for one in several))
    assert [process.wait(10) for process in started] == [0]


HOLDER = """
import asyncio, sys
from pathlib import Path
from hikari_ml.bridge.local_redis import LocalRedis

async def main():
    await LocalRedis(Path(sys.argv[1]), 0).__aenter__()
    print("here", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_one_that_was_left_behind_is_found_and_ended(tmp_path):
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, str(tmp_path), stdout=PIPE)
    assert await holder.stdout.readline() == b"here\n"
    holder.kill()
    await holder.wait()
    port = int((tmp_path / "port").read_text(encoding="ascii"))
    async with LocalRedis(tmp_path, 0) as second:
        assert second.url.endswith(f"@127.0.0.1:{port}/0")
        assert second._process is None
    assert not await answers(second.url, tmp_path)


async def test_who_finds_another_at_it_for_too_long_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(local_redis, "TURN_SECONDS", 0.1)
    with FileLock(tmp_path / "lock"), pytest.raises(StoreError, match="starting or ending"):
        await LocalRedis(tmp_path, 0).__aenter__()


async def test_a_port_that_is_taken_is_not_insisted_on(tmp_path):
    async with LocalRedis(tmp_path / "a", 0) as first:
        port = int(first.url.rpartition(":")[2].partition("/")[0])
        async with LocalRedis(tmp_path / "b", port) as second:
            assert second.url != first.url


async def test_one_that_does_not_start_says_where_to_look(tmp_path, monkeypatch):
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(local_redis, "redis_server", lambda _: str(program))
    with pytest.raises(StoreError, match=r"redis\.log there says why"):
        await LocalRedis(tmp_path / "r", 0).__aenter__()


async def test_one_that_cannot_read_its_log_says_where_to_look(tmp_path, loading_slowly):
    async with LocalRedis(tmp_path, 0) as server:
        await much(server.url)
        killed(server)
    (log,) = (found for found in tmp_path.rglob("*appendonly.aof*") if found.stat().st_size > 1000)
    data = log.read_bytes()
    log.write_bytes(data[: len(data) // 2] + b"\xff" * 40 + data[len(data) // 2 :])
    loading_slowly()
    with pytest.raises(StoreError, match=r"has ended; redis\.log there says why"):
        await LocalRedis(tmp_path, 0).__aenter__()
    assert "Bad file format" in (tmp_path / "redis.log").read_text()


async def test_a_folder_that_cannot_be_made_is_told_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written: Not a directory"):
        await LocalRedis(tmp_path / "file" / "r", 0).__aenter__()


def test_no_redis_at_all_is_named_with_what_to_do(tmp_path, monkeypatch):
    assert os.access(redis_server(tmp_path), os.X_OK)
    monkeypatch.setattr(local_redis.shutil, "which", lambda _: None)
    monkeypatch.setattr(local_redis, "find_spec", lambda _: None)
    with pytest.raises(StoreError, match="--redis URL"):
        redis_server(tmp_path)


def test_a_free_port_is_free():
    assert free_port(0) > 0
