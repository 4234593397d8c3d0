"""WebSocket clients that cost little: thousands of them fit into one process beside the server they measure.

They speak just enough of RFC 6455 to greet and to read whole frames. A message of the benchmark carries
``at``, the microseconds of the monotonic clock at which it was made, which all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from websockets.frames import Frame, Opcode

HELLO = Frame(Opcode.TEXT, json.dumps({"type": "hello"}).encode())
MARK = b'"at":'


class Listener(asyncio.Protocol):
    """A client that tells the age of each message, in seconds."""

    def __init__(self, host: str, heard: Callable[[float], None]) -> None:
        self._host = host
        self._heard = heard
        self._buffer = bytearray()
        self._open = False
        self.joined = asyncio.get_running_loop().create_future()
        self.messages = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /feed HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._buffer += data
        if not self._open:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in self._buffer[:40]:
                raise SystemExit(f"not let in: {bytes(self._buffer[:40])!r}")
            del self._buffer[: end + 4]
            self._open = True
            self.transport.write(HELLO.serialize(mask=True))
        while self._frame(now):
            pass

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def _frame(self, now: float) -> bool:
        """Read one frame if it is whole."""
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, start = buffer[1] & 127, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return False
        if buffer[0] & 15 == Opcode.PING:
            payload = bytes(buffer[start : start + size])
            self.transport.write(Frame(Opcode.PONG, payload).serialize(mask=True))
        elif buffer[0] & 15 == Opcode.TEXT:
            self._message(now)
        del buffer[: start + size]
        return True

    def _message(self, now: float) -> None:
        at = self._buffer.find(MARK) + len(MARK)
        if self.joined.done():
            self.messages += 1
            self._heard(now - int(self._buffer[at : self._buffer.find(b",", at)]) / 1e6)
        else:
            self.joined.set_result(None)


async def listeners(
    url: str, amount: int, heard: Callable[[float], None], *, at_once: int = 50
) -> list[Listener]:
    """Connect ``amount`` clients and wait until each has its first message."""
    loop, parts, found = asyncio.get_running_loop(), urlsplit(url), []
    while len(found) < amount:
        many = min(at_once, amount - len(found))
        made = [
            await loop.create_connection(lambda: Listener(parts.netloc, heard), parts.hostname, parts.port)
            for _ in range(many)
        ]
        found += [listener for _, listener in made]
        await asyncio.gather(*(listener.joined for _, listener in made))
    return found


async def stalled(url: str, amount: int) -> list[Listener]:
    """Clients that greet, take the first message, and never read again."""
    found = await listeners(url, amount, lambda age: None)
    for listener in found:
        listener.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.transport.pause_reading()
    return found
