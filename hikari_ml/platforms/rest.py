"""JSON over HTTP, as the sources need it: bounded answers, and errors sorted by what to do about them.

Keys go into headers, never into addresses, which end up in logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self

import httpx

from hikari_ml.platforms.source import LostConnection
from hikari_ml.platforms.tls import context_for

TIMEOUT_SECONDS: Final = 20.0
MAX_ANSWER: Final = 8_000_000
"""Largest answer taken, in bytes."""

RETRY_SECONDS: Final = 30.0
"""Pause after "too many requests" that does not say how long."""


class Refused(Exception):  # noqa: N818  # it is an answer, and the source decides what it means
    """The server understood and said no; ``reason`` is its own word for it."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status} {reason}: {message}"[:300])


class Rest:
    """A JSON API at ``base``; every request carries ``headers``."""

    def __init__(self, base: str, headers: Mapping[str, str]) -> None:
        self._base = base.rstrip("/")
        self._headers = dict(headers)
        self._client: httpx.AsyncClient

    async def __aenter__(self) -> Self:
        secure = await context_for(self._base)
        verify = secure if secure is not None else False  # there is nothing to verify without TLS
        self._client = httpx.AsyncClient(headers=self._headers, timeout=TIMEOUT_SECONDS, verify=verify)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """What ``path`` answers.

        Raises:
            LostConnection: it could not be asked, or is in trouble; asking again later may help.
            Refused: it said no.
        """
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What ``path`` answers to ``body``; raises as :meth:`get` does."""
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            async with self._client.stream(method, f"{self._base}{path}", **how) as answer:
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER:
                        raise LostConnection(f"{path} answered more than {MAX_ANSWER:,} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LostConnection(f"{path}: {type(error).__name__} {error}".strip()) from error
        found = _decoded(body)
        status = answer.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS:
            raise LostConnection(f"{path}: too many requests", _wait(answer.headers))
        if status >= 500 or (found is None and status < 400):
            raise LostConnection(f"{path}: status {status}" + ("" if found is not None else ", no JSON"))
        if status >= 300:
            raise Refused(status, *_said(found or {}))
        return found or {}


def _decoded(body: bytes) -> dict[str, Any] | None:
    """The JSON object; an empty body is an empty one, anything else is None."""
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wait(headers: Mapping[str, str]) -> float:
    asked = headers.get("retry-after", "")
    return min(3600.0, float(asked)) if asked.isascii() and asked.isdecimal() else RETRY_SECONDS


def _said(found: Mapping[str, Any]) -> tuple[str, str]:
    """Reason and message, as Twitch and Google each write them."""
    error = found.get("error")
    if isinstance(error, dict):
        details = error.get("errors")
        first = details[0] if isinstance(details, list) and details else {}
        reason = first.get("reason", "") if isinstance(first, dict) else ""
        return str(reason or error.get("status", "")), str(error.get("message", ""))
    return str(error or ""), str(found.get("message", ""))
