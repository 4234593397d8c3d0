"""Life of a service: started once, on entry or first use; closed once; noticed when leaked."""

from __future__ import annotations

import asyncio
import warnings
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Literal, Self

from hikari_ml.errors import ClosedError

CANCEL_SECONDS = 1.0
"""How long a task may take to end before it is cancelled again."""


class Service:
    """Base of what is started and closed.

    Works as ``async with X() as x:`` and bare: the first call starts it and ``await x.aclose()`` ends
    it. A start that failed, or whose caller was cancelled, is tried again by the next call. A subclass
    acquires what it needs in :meth:`_open`, pushing each release on the stack, so that half a failed start
    unwinds itself.
    """

    _state: Literal["new", "open", "closed"] = "new"

    def __init__(self) -> None:
        self._turns = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None
        self._stack = AsyncExitStack()

    async def _open(self, stack: AsyncExitStack) -> None:
        """Acquire resources; every release goes on ``stack``.

        Releases run in a task of their own: none may depend on the task that acquired.
        """

    async def _ready(self) -> None:
        """Start if this is the first use.

        Raises:
            ClosedError: it was closed.
        """
        if self._state == "open":
            return
        self._check_not_closed()  # told at once: what is being released may wait for who asks
        async with self._turns:  # first come, first served: who came before it was closed is let in
            self._check_not_closed()
            if self._state == "new":
                async with AsyncExitStack() as stack:
                    await self._open(stack)
                    self._stack = stack.pop_all()
                self._state = "open"

    async def __aenter__(self) -> Self:
        await self._ready()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Release everything; calling it again does nothing.

        Who is cancelled while it waits ends nothing: the release goes on, and the next call waits for it.
        """
        if self._closing is None or self._closing.cancelled():  # by the end of its loop
            if self._state == "closed":
                return
            self._closing = asyncio.create_task(self._close_once(), name=f"hikari-close {self._kind}")
        closing = self._closing
        if not closing.done():
            await asyncio.wait({closing})
        if not closing.cancelled():  # else the loop ended
            self._closing = None  # what it raises is told
            closing.result()

    def _check_not_closed(self) -> None:
        if self._state == "closed":
            raise ClosedError(self._kind)

    async def _close_once(self) -> None:
        async with self._turns:  # a start under way ends first, so that it cannot outlive the close
            self._state = "closed"
            await self._stack.aclose()

    @property
    def _kind(self) -> str:
        return type(self).__name__

    def __del__(self) -> None:
        if self._state == "open":
            warnings.warn(
                f"{self._kind} was not closed; use 'async with' or await aclose()",
                ResourceWarning,
                stacklevel=2,
                source=self,
            )


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel a background task and wait until it is gone.

    It is cancelled again if it goes on: what it awaits may take a cancellation for a failure of its own.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
    if not task.cancelled():
        task.result()
