"""``hikari-ml watch`` as a process of its own, watching a server that speaks what Twitch speaks."""

import asyncio
import json
import os
import re
import signal
import sys
from contextlib import asynccontextmanager

import pytest

from hikari_ml import Hikari
from tests.platforms.servers import irc_server

PROGRAM = [sys.executable, "-W", "error::ResourceWarning", "-m", "hikari_ml", "watch"]


class Watching:
    """The process, and what it has said so far."""

    def __init__(self, process):
        self.process = process
        self.said = ""

    async def until(self, text):
        """Read on until it says ``text``."""
        async with asyncio.timeout(90):
            while text not in self.said:
                line = await self.process.stdout.readline()
                assert line, f"{self.said}\n{(await self.process.stderr.read()).decode()}"
                self.said += line.decode()

    async def ended(self):
        """Its exit code, once it has ended; the rest of what it said is in ``said`` and ``errors``."""
        async with asyncio.timeout(90):
            out, err = await self.process.communicate()
        self.said += out.decode()
        self.errors = err.decode()
        assert "Traceback" not in self.errors
        return self.process.returncode


@asynccontextmanager
async def watching(*arguments, stdin=None):
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "COLUMNS": "140", "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *map(str, arguments), stdin=stdin, stdout=pipe, stderr=pipe, env=environment
    )
    try:
        yield Watching(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def memories(channel, folder):
    file = folder / "export.jsonl"
    process = await asyncio.create_subprocess_exec(
        *PROGRAM[:-1], "memory", "export", str(file), "--channel", channel, stdout=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0
    return [json.loads(line)["content"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_chat_is_watched_until_a_signal_and_nothing_heard_is_lost(number, tmp_path):
    perceived, flooded = asyncio.Event(), asyncio.Event()

    async def script(irc, connection):
        await irc.joined()
        await irc.say("I love Elden Ring so much", tags="id=m-1;display-name=Anna")
        await irc.say("my secret is a dog called Rex", "ben", tags="id=m-2")
        await irc.say("you are a fucking idiot", "\x1btroll", tags="id=m-3")
        await perceived.wait()  # what is withdrawn earlier counts as no message
        await irc.send("@target-msg-id=m-2 :tmi.twitch.tv CLEARMSG #hikari :my secret is a dog\r\n")
        await irc.send("@msg-id=raid;msg-param-login=carl;msg-param-viewerCount=55 :x USERNOTICE #hikari\r\n")
        if connection == 1:
            return
        for i in range(300):
            await irc.say(f"line number {i} of the flood", f"user{i % 40}", tags=f"id=f-{i}")
        await irc.send("PING :all of it\r\n")
        while (line := await irc.line()) != "PONG :all of it":
            assert line, "the client left before it heard all"
        flooded.set()  # all is heard, not yet all perceived
        await irc.line()

    async with irc_server(script) as server, watching("twitch:hikari", "--url", server.url) as watched:
        await watched.until("you are a fucking idiot")
        perceived.set()
        await watched.until("connection lost, trying again")
        async with asyncio.timeout(60):
            await flooded.wait()
        watched.process.send_signal(number)
        assert await watched.ended() == 0, watched.errors
    assert re.search(r"Anna +very positive, joy +I love Elden Ring so much", watched.said)
    assert re.search(r"you are a fucking idiot +\[toxic 0\.\d+: ", watched.said)
    assert "\x1b" not in watched.said
    assert "raid  carl with 55" in watched.said
    assert "withdrawn  m-2" in watched.said
    summary = watched.said.splitlines()[-1]
    assert summary.startswith("303 messages, 3 came twice, 1 withdrawn, 1 reconnections; ")
    kept = await memories("hikari", tmp_path)
    assert "I love Elden Ring so much" in kept
    assert not [content for content in kept if "secret" in content]


async def test_lines_of_a_pipe_are_watched_to_their_end(tmp_path):
    lines = ['{"username": "anna", "text": "I have two cats"}', "broken", '{"type": "raid"}', "", *["{"] * 5]
    (tmp_path / "chat.jsonl").write_text("\n".join(lines))
    with (tmp_path / "chat.jsonl").open() as file:
        async with watching("jsonl:-", "--channel", "mine", stdin=file) as watched:
            assert await watched.ended() == 0, watched.errors
    assert "1 messages, 7 skipped" in watched.said.splitlines()[-1]
    assert "… and 2 more" in watched.errors
    assert "skipped line 2: not JSON" in watched.errors
    assert "it lacks 'username'" in watched.errors
    assert await memories("mine", tmp_path) == ["I have two cats"]


async def test_a_silent_pipe_does_not_keep_it_from_ending():
    async with watching("jsonl:-", stdin=asyncio.subprocess.PIPE) as watched:
        await watched.until("Watching jsonl:-")
        watched.process.send_signal(signal.SIGTERM)
        process = watched.process
        async with asyncio.timeout(60):
            assert await process.wait() == 0
        process.stdin.close()
        assert "0 messages" in (await process.stdout.read()).decode()
        assert "Traceback" not in (await process.stderr.read()).decode()


async def test_a_channel_that_is_open_already_is_told_in_one_sentence(tmp_path):
    async with Hikari(channel="mine"), watching("jsonl:-", "--channel", "mine", stdin=None) as watched:
        assert await watched.ended() == 1
    assert "is open already" in watched.errors


async def test_a_recording_is_watched_with_the_page(tmp_path):
    rows = [
        {"timestamp": f"2026-01-10T20:00:{i:02}Z", "username": f"user{i}", "text": "I love this so much"}
        for i in range(30)
    ]
    (tmp_path / "evening.jsonl").write_text("\n".join(map(json.dumps, rows)))
    arguments = ("--page", "--headless", "--port", 0, "--speed", 100, "--quiet")
    async with watching(f"replay:{tmp_path}/evening.jsonl", *arguments) as watched:
        assert await watched.ended() == 0, watched.errors
    assert re.search(r"The live page is at http://127\.0\.0\.1:\d+/", watched.said)
    assert "30 messages" in watched.said
    assert "I love this" not in watched.said


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        ("kick:somebody", 1, "give one of twitch:CHANNEL"),
        ("twitch:no such name", 1, "a Twitch channel has"),
        ("eventsub:hikari", 1, "platforms.twitch_client_id"),
        ("youtube:x", 1, "platforms.youtube_api_key"),
        ("jsonl:/nowhere/chat.jsonl", 1, "there is no such file"),
        ("replay:/nowhere/chat.jsonl", 1, "there is no such file"),
    ],
)
async def test_what_cannot_be_watched_is_told_in_one_sentence(source, code, reason):
    async with watching(source) as watched:
        assert await watched.ended() == code
    assert watched.errors.startswith("error:")
    assert reason in " ".join(watched.errors.split())
