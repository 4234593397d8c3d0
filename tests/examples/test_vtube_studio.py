"""The example that moves a VTube Studio avatar, against Hikari's feed and a server that speaks the API."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

from hikari_ml import ChatMessage, Hikari, Settings
from hikari_ml.dashboard.server import LiveDashboard
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at
from tests.vtube_studio import VTubeStudio

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples/vtube_studio.py"
EXPRESSIONS = {"smile.exp3.json", "laugh.exp3.json"}


@asynccontextmanager
async def running(hikari, studio_url, token):
    """The example as a program, with the feed it follows; gives its process."""
    async with LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard:
        feed = dashboard.url.replace("http", "ws") + "feed"
        async with example(feed, studio_url, token) as program:
            yield program


@asynccontextmanager
async def example(feed, studio_url, token, **environment):
    """The example as a program that follows ``feed``; gives its process."""
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error::DeprecationWarning", str(EXAMPLE), feed, studio_url, str(token),
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        yield program
    finally:
        if program.returncode is None:
            program.kill()
        await program.communicate()


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


async def cheer(hikari, start=0):
    for i in range(40):
        hikari._clock.advance_to(at(start + i / 2))
        said = ChatMessage(f"user{i}", f"this is so awesome, I love it {i}", at(start + i / 2))
        await hikari.perceive(said)


async def test_a_cheering_chat_makes_the_avatar_laugh_and_a_silent_one_lets_it_rest(hikari, tmp_path):
    studio, token = VTubeStudio(EXPRESSIONS, set()), tmp_path / "token"
    async with studio.listening() as url, running(hikari, url, token):
        await studio.until(lambda: studio.values)
        assert studio.values["MouthSmile"] == 0.45
        await cheer(hikari)
        await studio.until(lambda: studio.active == {"laugh.exp3.json"} and studio.values["MouthSmile"] > 0.9)
        hikari._clock.advance(120)
        await studio.until(lambda: not studio.active and studio.values["MouthSmile"] == 0.45)
    assert token.read_text() in studio.tokens
    assert token.stat().st_mode & 0o077 == 0
    assert studio.asked.count("AuthenticationTokenRequest") == 1


async def test_a_kept_token_is_used_the_next_time(hikari, tmp_path):
    first, second, token = (
        VTubeStudio(EXPRESSIONS, set()),
        VTubeStudio(EXPRESSIONS, set()),
        tmp_path / "token",
    )
    async with first.listening() as url, running(hikari, url, token):
        await first.until(lambda: first.values)
    second.tokens = first.tokens
    async with second.listening() as url, running(hikari, url, token):
        await second.until(lambda: second.values)
    assert second.asked[0] == "AuthenticationRequest"
    assert "AuthenticationTokenRequest" not in second.asked


async def test_it_survives_vtube_studios_restart(hikari, tmp_path):
    first, second = VTubeStudio(EXPRESSIONS, set()), VTubeStudio(EXPRESSIONS, set())
    async with first.listening() as url, running(hikari, url, tmp_path / "token") as program:
        await first.until(lambda: first.values)
        second.tokens = first.tokens
        first.close()
        async with second.listening(int(url.rsplit(":", 1)[1])):
            await second.until(lambda: second.values)
        assert program.returncode is None


async def test_a_revoked_token_is_asked_for_again(hikari, tmp_path):
    studio, token = VTubeStudio(EXPRESSIONS, set()), tmp_path / "token"
    token.write_text("revoked long ago")
    async with studio.listening() as url, running(hikari, url, token):
        await studio.until(lambda: studio.values)
    assert studio.asked[:3] == [
        "AuthenticationRequest",
        "AuthenticationTokenRequest",
        "AuthenticationRequest",
    ]
    assert token.read_text() in studio.tokens


async def test_who_is_not_allowed_ends_and_says_so(hikari, tmp_path):
    studio = VTubeStudio(EXPRESSIONS, set())
    studio.allows = False
    async with studio.listening() as url, running(hikari, url, tmp_path / "token") as program:
        out, err = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 1
    assert "denied API access" in out.decode()
    assert "VTube Studio gave no token" in err.decode()
    assert "Traceback" not in err.decode()


async def test_hotkeys_serve_where_no_expression_is_named(tmp_path):
    table = tmp_path / "mine.toml"
    table.write_text(
        '[[looks.joy]]\nfrom = 0.2\nhotkey = "Wave"\nvts = { MouthSmile = 1.0 }', encoding="utf-8"
    )
    settings = Settings(expression={"table": table})
    studio = VTubeStudio(EXPRESSIONS, {"Wave"})
    async with (
        Hikari(settings, clock=ManualClock(START), folder=tmp_path / "h") as hikari,
        studio.listening() as url,
        running(hikari, url, tmp_path / "token"),
    ):
        await cheer(hikari)
        await studio.until(lambda: studio.pressed and studio.values["MouthSmile"] == 1.0)
    assert studio.pressed == ["Wave"]


async def test_what_the_model_lacks_is_said_once_and_the_rest_goes_on(hikari, tmp_path):
    studio = VTubeStudio(set(), set())
    async with studio.listening() as url, running(hikari, url, tmp_path / "token") as program:
        await studio.until(lambda: studio.values)
        await cheer(hikari)
        await studio.until(lambda: studio.values["MouthSmile"] > 0.9)
        program.terminate()
        out, _ = await program.communicate()
    refused = [line for line in out.decode().splitlines() if "laugh.exp3.json not found" in line]
    assert refused == [
        "ExpressionActivationRequest: Expression laugh.exp3.json not found in current model (error 651)"
    ]


@pytest.mark.parametrize("said", [{}, {"HIKARI_FEED__TOKEN": "wrong-wrong-wrong"}])
async def test_a_token_that_is_wrong_or_missing_is_said_once_and_not_tried_again(hikari, tmp_path, said):
    studio, right = VTubeStudio(EXPRESSIONS, set()), "right-right-right"
    settings = Settings(feed={"token": right})
    async with (
        LiveDashboard(hikari, settings=settings, host="127.0.0.1", port=0) as dashboard,
        studio.listening() as url,
    ):
        feed = dashboard.url.replace("http", "ws") + "feed"
        async with example(feed, url, tmp_path / "token", **said) as program:
            _, err = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode == 1
        assert "HIKARI_FEED__TOKEN" in err.decode()
        assert "Traceback" not in err.decode()
        async with example(feed, url, tmp_path / "token", HIKARI_FEED__TOKEN=right) as program:
            assert b"Hikari shows" in await program.stdout.readuntil(b"shows neutral")


@pytest.mark.parametrize("scheme", ["ws", "http"])
async def test_what_is_no_feed_ends_it_with_a_line(hikari, tmp_path, scheme):
    studio = VTubeStudio(EXPRESSIONS, set())
    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as dashboard, studio.listening() as url:
        page = dashboard.url.replace("http", scheme)
        async with example(page, url, tmp_path / "token") as program:
            _, err = await asyncio.wait_for(program.communicate(), 60)
    assert program.returncode == 1
    assert err.decode().startswith(f"{page} is no feed, or {url} no VTube Studio: ")
    assert "Traceback" not in err.decode()


@pytest.mark.parametrize("code", [4404, 4429])
async def test_it_comes_back_to_a_feed_that_turns_it_away_after_a_pause(tmp_path, code):
    studio, came, again = VTubeStudio(EXPRESSIONS, set()), [], asyncio.Event()

    async def turn_away(connection):
        assert "token" not in json.loads(await connection.recv())
        came.append(asyncio.get_running_loop().time())
        if len(came) == 3:
            again.set()
        await connection.close(code, "not now")

    async with serve(turn_away, "127.0.0.1", 0) as server, studio.listening() as url:
        feed = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with example(feed, url, tmp_path / "token") as program:
            await program.stdout.readuntil(f"({code} not now)".encode())
            if code == 4429:
                await asyncio.sleep(3)
                assert len(came) == 1, "it waits for a minute"
            else:
                await asyncio.wait_for(again.wait(), 60)
                assert came[2] - came[0] > 1.4, "half a second, then one"
            assert program.returncode is None
