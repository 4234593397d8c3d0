"""A server that speaks VTube Studio's public API (version 1.0), as far as moving a face needs it.

After the API's own description: https://github.com/DenchiSoft/VTubeStudio
"""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve

DEFAULT_PARAMETERS = {"MouthSmile", "MouthOpen", "Brows", "EyeOpenLeft", "EyeOpenRight", "FaceAngry"}


class VTubeStudio:
    """What the application knows, whatever connects to it: tokens it gave, and the model that is loaded."""

    def __init__(self, expressions: set[str], hotkeys: set[str]) -> None:
        self.expressions, self.hotkeys = expressions, hotkeys
        self.allows = True
        self.tokens: dict[str, tuple[str, str]] = {}
        self.active: set[str] = set()
        self.pressed: list[str] = []
        self.values: dict[str, float] = {}
        self.asked: list[str] = []
        self.changed = asyncio.Event()
        self._server: Server | None = None

    @asynccontextmanager
    async def listening(self, port: int = 0):
        """Serve until left; gives the address."""
        async with serve(self._session, "127.0.0.1", port) as server:
            self._server = server
            yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def close(self) -> None:
        """End, as when the application is closed."""
        self._server.close()

    async def until(self, holds) -> None:
        """Wait until ``holds()`` is true."""
        async with asyncio.timeout(60):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def _session(self, connection: ServerConnection) -> None:
        authenticated = False
        async for raw in connection:
            request = json.loads(raw)
            kind, data = self._answer(request, authenticated)
            authenticated = authenticated or data.get("authenticated", False)
            reply = {
                "apiName": "VTubeStudioPublicAPI",
                "apiVersion": "1.0",
                "timestamp": 1625405710728,
                "requestID": request.get("requestID", secrets.token_hex(8)),
                "messageType": kind,
                "data": data,
            }
            await connection.send(json.dumps(reply))
            self.asked.append(request.get("messageType", ""))
            self.changed.set()

    def _answer(self, request: dict[str, Any], authenticated: bool) -> tuple[str, dict[str, Any]]:
        kind, data = request.get("messageType", ""), request.get("data", {})
        if request.get("apiName") != "VTubeStudioPublicAPI":
            return _error(3, "apiName invalid")
        if request.get("apiVersion") != "1.0":
            return _error(4, "apiVersion invalid")
        if not 1 <= len(request.get("requestID", "x")) <= 64:
            return _error(5, "requestID invalid")
        known = {
            "AuthenticationTokenRequest": self._give_token,
            "AuthenticationRequest": self._authenticate,
            "HotkeyTriggerRequest": self._press,
            "ExpressionActivationRequest": self._activate,
            "InjectParameterDataRequest": self._inject,
        }
        if kind not in known:
            return _error(7, "unknown request")
        if not kind.startswith("Authentication") and not authenticated:
            return _error(8, "This request requires authentication")
        return known[kind](data)

    def _give_token(self, data):
        if not all(3 <= len(data[name]) <= 32 for name in ("pluginName", "pluginDeveloper")):
            return _error(52, "plugin name invalid")
        if not self.allows:
            return _error(50, "User has denied API access for your plugin.")
        token = secrets.token_hex(16)
        self.tokens[token] = (data["pluginName"], data["pluginDeveloper"])
        return "AuthenticationTokenResponse", {"authenticationToken": token}

    def _authenticate(self, data):
        if not data.get("authenticationToken"):
            return _error(100, "token missing")
        good = self.tokens.get(data["authenticationToken"]) == (data["pluginName"], data["pluginDeveloper"])
        return "AuthenticationResponse", {
            "authenticated": good,
            "reason": "Token valid." if good else "Token invalid or has been revoked by user.",
        }

    def _press(self, data):
        if data["hotkeyID"] not in self.hotkeys:
            return _error(202, "Hotkey ID not found in current model")
        self.pressed.append(data["hotkeyID"])
        return "HotkeyTriggerResponse", {"hotkeyID": data["hotkeyID"]}

    def _activate(self, data):
        file = data["expressionFile"]
        if not file.endswith(".exp3.json"):
            return _error(650, "invalid filename")
        if file not in self.expressions:
            return _error(651, f"Expression {file} not found in current model")
        (self.active.add if data["active"] else self.active.discard)(file)
        return "ExpressionActivationResponse", {}

    def _inject(self, data):
        if data.get("mode", "set") not in ("set", "add"):
            return _error(455, "mode unknown")
        for value in data["parameterValues"]:
            if value["id"] not in DEFAULT_PARAMETERS:
                return _error(453, f"Parameter {value['id']} does not exist")
            if not -1_000_000 <= value["value"] <= 1_000_000:
                return _error(451, "value invalid")
        self.values |= {value["id"]: value["value"] for value in data["parameterValues"]}
        return "InjectParameterDataResponse", {}


def _error(number: int, message: str) -> tuple[str, dict[str, Any]]:
    return "APIError", {"errorID": number, "message": message}
