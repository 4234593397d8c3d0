"""VTube Studio shows what Hikari suggests: vtube_studio.py [HIKARI_FEED] [VTUBE_STUDIO] [TOKEN_FILE]"""

import asyncio
import contextlib
import functools
import json
import os
import sys
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

DEFAULTS = ("ws://127.0.0.1:8765/feed", "ws://127.0.0.1:8001", "vtube_studio.token")
FEED, STUDIO, TOKEN_FILE = (*sys.argv[1:], *DEFAULTS[len(sys.argv) - 1 :])
PLUGIN = {"pluginName": "Hikari", "pluginDeveloper": "hikari_ml"}
FIRST_PAUSE, LONGEST_PAUSE, A_MINUTE = 0.5, 30, 60  # seconds
say_once = functools.cache(functools.partial(print, flush=True))


class TurnedAwayError(Exception):
    """To try again would not help."""


async def ask(studio: ClientConnection, kind: str, **data: object) -> dict:
    envelope = {"apiName": "VTubeStudioPublicAPI", "apiVersion": "1.0", "requestID": kind}
    await studio.send(json.dumps({**envelope, "messageType": kind, "data": data}))
    reply = json.loads(await studio.recv())
    if reply["messageType"] == "APIError":  # often the model has no such expression: the rest goes on
        say_once(f"{kind}: {reply['data']['message']} (error {reply['data']['errorID']})")
    return reply["data"]


def kept_token(fresh: str = "") -> str:
    (file := Path(TOKEN_FILE)).touch(mode=0o600)
    return fresh if fresh and file.write_text(fresh) else file.read_text()


async def authenticate(studio: ClientConnection) -> None:
    token = kept_token()
    reply = await ask(studio, "AuthenticationRequest", **PLUGIN, authenticationToken=token) if token else {}
    if not reply.get("authenticated"):
        print("please allow Hikari in VTube Studio", flush=True)
        token = (await ask(studio, "AuthenticationTokenRequest", **PLUGIN)).get("authenticationToken")
        kept_token(token or sys.exit("VTube Studio gave no token"))
        await ask(studio, "AuthenticationRequest", **PLUGIN, authenticationToken=token)
    print("connected to VTube Studio", flush=True)


async def move(studio: ClientConnection, avatar: dict) -> None:
    look = hotkey = None
    while True:
        before, look, pressed, hotkey = look, avatar.get("live2d"), hotkey, avatar.get("hotkey")
        for file, active in ((before, False), (look, True)):
            if file and look != before:
                await ask(studio, "ExpressionActivationRequest", expressionFile=file, active=active)
        if hotkey and hotkey != pressed and not look:  # pressed, never let go: it suits animations
            await ask(studio, "HotkeyTriggerRequest", hotkeyID=hotkey)
        if values := [{"id": name, "value": value} for name, value in avatar.get("vts", {}).items()]:
            await ask(studio, "InjectParameterDataRequest", mode="set", parameterValues=values)
        await asyncio.sleep(0.2)  # after a second without values, it goes back to its own tracking


async def drive(avatar: dict) -> None:
    async with contextlib.aclosing(aiter(connect(STUDIO))) as studios:
        async for studio in studios:  # again and again, with growing pauses
            with contextlib.suppress(ConnectionClosed):
                await authenticate(studio)
                await move(studio, avatar)


async def follow(avatar: dict) -> None:
    token = os.environ.get("HIKARI_FEED__TOKEN")
    hello = {"type": "hello", **({"token": token} if token else {})}
    pause = FIRST_PAUSE
    async with contextlib.aclosing(aiter(connect(FEED))) as feeds:
        async for feed in feeds:
            with contextlib.suppress(ConnectionClosed):
                await feed.send(json.dumps(hello))
                async for message in feed:
                    pause = FIRST_PAUSE
                    frame = json.loads(message)
                    if frame["type"] == "snapshot" or frame.get("event") == "expression":
                        shown = frame["data"].get("expression", frame["data"])
                        avatar |= {"live2d": None, "hotkey": None, **shown["avatar"]}
                        print("Hikari shows", shown["dominant"], flush=True)
            await feed.wait_closed()
            if feed.close_code in (4400, 4401):  # the same again would not help
                raise TurnedAwayError(
                    f"Hikari says {feed.close_reason!r}: HIKARI_FEED__TOKEN has to be what it is there"
                )
            say_once(f"Hikari closed the feed ({feed.close_code} {feed.close_reason}); it is tried again")
            await asyncio.sleep(A_MINUTE if feed.close_code == 4429 else pause)
            pause = min(2 * pause, LONGEST_PAUSE)


async def main(avatar: dict) -> None:
    reason = None
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(follow(avatar))
            await drive(avatar)
    except* TurnedAwayError as found:
        reason = str(found.exceptions[0])
    except* (InvalidHandshake, InvalidURI) as found:
        reason = f"{FEED} is no feed, or {STUDIO} no VTube Studio: {found.exceptions[0]}"
    sys.exit(reason)


asyncio.run(main({}))
