"""Carrying what was learned from one stream to the next: read once, written now and then and at the end."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from hikari_ml.errors import StoreError, StoreLockedError
from hikari_ml.runtime import statefile
from hikari_ml.runtime.clock import Clock
from hikari_ml.runtime.lane import Lane

STATE_FORMAT: Final = 3
"""3: viewers carry visits day by day, topics their clusters; experiments are kept. 1 and 2 are still read."""

SAVE_SECONDS: Final = 300.0
"""Time by the clock after which what was learned is written again: a crash loses so much."""

UNREADABLE: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""How the parts refuse a state that is not as they write it."""

State = dict[str, Any]

_log = logging.getLogger(__name__)


class Keeper:
    """The state file at ``path``, written in ``lane``; nothing is kept if ``path`` is None.

    ``pack`` gives what is to be kept. What goes wrong in the background stands in ``troubles`` until a
    later write has succeeded.
    """

    def __init__(
        self,
        path: Path | None,
        clock: Clock,
        lane: Lane[Callable[[], Any], Any],
        pack: Callable[[], Awaitable[State]],
        troubles: MutableMapping[str, str],
    ) -> None:
        self._path, self._clock, self._lane, self._pack = path, clock, lane, pack
        self._troubles = troubles
        self._writing = asyncio.Lock()
        self._saver: asyncio.Task[None] | None = None
        self._saved_at = clock.now()
        self._still = asyncio.Lock()
        self._locked: FileLock | None = None
        self.position: str | None = None
        """How far a durable input has been counted; kept with the counts."""
        self.kept_position: str | None = None
        """How far it is in what was written."""

    async def load(self) -> State | None:
        """What was kept; None if nothing was. From now on nobody else may write it.

        A damaged file is put aside, which stands in ``troubles``.

        Raises:
            StoreLockedError: another engine, of this process or another, writes it.
            StoreError: the file cannot be read, or a newer version wrote it.
        """
        self._saved_at = self._clock.now()
        if self._path is None:
            return None
        # the file itself, not a link to it
        path = self._path = Path(await self._lane.submit(partial(os.path.realpath, self._path)))
        await self._lane.submit(lambda: self._lock(path))
        kept: State | None = await self._lane.submit(lambda: statefile.load(path, STATE_FORMAT))
        if kept is None and await self._lane.submit(statefile.aside(path).exists):
            self._troubles["past"] = f"was damaged and is not known; kept as {statefile.aside(path)}"
        self.position = self.kept_position = kept.get("position") if kept is not None else None
        return kept

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Inside it, take what was loaded apart.

        Raises:
            StoreError: it is a state of this version, but not as this program writes one.
        """
        try:
            yield
        except UNREADABLE as error:
            hint = f"is not what this program wrote ({error!r}); move it away to begin without it"
            raise StoreError(str(self._path), hint) from error

    def save_when_due(self) -> None:
        """Begin to write in the background if it is time, and if that is not still going on."""
        now = self._clock.now()
        busy = self._saver is not None and not self._saver.done()
        passed = abs((now - self._saved_at).total_seconds())  # a clock may have been set back
        if self._path is None or busy or passed < SAVE_SECONDS:
            return
        self._saved_at = now
        self._saver = asyncio.create_task(self._write_quietly())

    async def write(self) -> None:
        """Write what there is to keep.

        Raises:
            StoreError: it could not be written.
        """
        if self._path is None:
            return
        path = self._path
        async with self._writing:
            async with self._still:
                kept = {**await self._pack(), "position": self.position}
            await self._lane.submit(lambda: statefile.save(path, kept, STATE_FORMAT))
            self.kept_position = kept["position"]
        self._troubles.pop("state", None)

    @asynccontextmanager
    async def applying(self, position: str) -> AsyncIterator[None]:
        """Count what stands at ``position`` of a durable input: what is written holds all of it or none."""
        async with self._still:
            yield
            self.position = position

    async def drop_damaged(self) -> None:
        """Delete what was put aside as damaged: it may name somebody who is to be forgotten."""
        if self._path is not None:
            path = self._path
            await self._lane.submit(lambda: statefile.drop_aside(path))
            self._troubles.pop("past", None)

    async def write_last(self) -> None:
        """Write for the last time, after what is still being written.

        Raises:
            StoreError: it could not be written.
        """
        if self._saver is not None:
            await asyncio.wait({self._saver})
        await self.write()

    def release(self) -> None:
        """Let others write the file."""
        if self._locked is not None:
            self._locked.release()
            self._locked = None

    def _lock(self, path: Path) -> None:
        if self._locked is not None:
            return
        lock = FileLock(path.with_name(f"{path.name}.lock"), thread_local=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(blocking=False)
        except Timeout as error:
            why = "another engine, of this process or another, keeps what it learns there; give each its own"
            raise StoreLockedError(path, why) from error
        except OSError:
            return  # nothing can be written there, which is told when it is tried
        self._locked = lock

    async def _write_quietly(self) -> None:
        try:
            await self.write()
        except StoreError as error:
            _log.warning("%s; what was learned stands in memory alone", error)
            self._troubles["state"] = str(error)
