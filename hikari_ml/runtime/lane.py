"""The one place where async code meets blocking work.

A lane is one worker thread with a bounded queue. What arrived while a batch was being worked on
becomes the next batch, so batches grow with the load and a lone caller never waits for company.
Every waiter gets its result or its exception; a waiter that was cancelled before its turn is dropped.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from hikari_ml.errors import ClosedError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class _Job(Generic[T, R]):
    item: T
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[R]

    def settle(self, outcome: R | BaseException) -> None:
        with suppress(RuntimeError):  # the caller's loop is gone, and with it the caller
            self.loop.call_soon_threadsafe(_settle, self.future, outcome)


@dataclass(slots=True)
class _Queue(Generic[T, R]):
    """What the thread and the callers share; it knows nothing of the lane, so the lane can be collected."""

    jobs: deque[_Job[T, R]] = field(default_factory=deque)
    rooms: deque[_Job[None, None]] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    closed: bool = False


Work = Callable[[], Any]


class Lane(Generic[T, R]):
    """Run ``work`` on batches of items, one batch at a time, in a thread of its own.

    ``work`` takes a list of items and returns as many outcomes in the same order; an outcome that is
    an exception is raised to its waiter, and an exception raised by ``work`` goes to all of its batch.
    ``capacity`` bounds the queue: a caller beyond it waits for room. ``owner`` is what is told to be closed
    to a caller who comes too late, the lane itself if it is empty.
    """

    def __init__(
        self,
        work: Callable[[list[T]], Sequence[R | BaseException]],
        *,
        name: str,
        max_batch: int = 32,
        capacity: int = 1024,
        owner: str = "",
    ) -> None:
        self.name = name
        self._owner = owner or f"lane {name!r}"
        self._work = work
        self._max_batch = max_batch
        self._capacity = capacity
        self._queue: _Queue[T, R] = _Queue()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, _close, self._queue)
        _open.add(self)

    @property
    def waiting(self) -> int:
        """Items that are not being worked on yet."""
        return len(self._queue.jobs)

    @property
    def closed(self) -> bool:
        """Whether it takes no more work."""
        return self._queue.closed

    async def submit(self, item: T) -> R:
        """Have ``item`` worked on and return its outcome.

        Raises:
            ClosedError: the lane was closed first.
        """
        return await (await self._enqueue(item))

    async def submit_many(self, items: Iterable[T]) -> list[R]:
        """Have all ``items`` worked on; outcomes come in order, and the first failure is raised."""
        futures: list[asyncio.Future[R]] = []
        try:
            for item in items:
                futures.append(await self._enqueue(item))  # noqa: PERF401
        except BaseException:
            for future in futures:
                future.cancel()
            raise
        return list(await asyncio.gather(*futures))

    async def aclose(self) -> None:
        """Work off what was accepted, then end the thread; calling it again does nothing."""
        _close(self._queue)
        _open.discard(self)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            await asyncio.to_thread(thread.join)

    async def _enqueue(self, item: T) -> asyncio.Future[R]:
        loop = asyncio.get_running_loop()
        job: _Job[T, R] = _Job(item, loop, loop.create_future())
        while not self._offer(job):
            await self._room(_Job(None, loop, loop.create_future()))
        return job.future

    async def _room(self, room: _Job[None, None]) -> None:
        """Wait until there may be room in the queue."""
        queue = self._queue
        with queue.changed:
            if len(queue.jobs) < self._capacity or queue.closed:
                return
            queue.rooms.append(room)
        try:
            await room.future
        except asyncio.CancelledError:
            with queue.changed:
                if room in queue.rooms:
                    queue.rooms.remove(room)
                elif queue.rooms:  # it was woken already; the room belongs to the next in line
                    queue.rooms.popleft().settle(None)
            raise

    def _offer(self, job: _Job[T, R]) -> bool:
        with self._queue.changed:
            if self._queue.closed:
                raise ClosedError(self._owner)
            if len(self._queue.jobs) >= self._capacity:
                return False
            self._queue.jobs.append(job)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=_run,
                    args=(self._queue, weakref.ref(self)),
                    name=f"hikari-{self.name}",
                    daemon=True,
                )
                self._thread.start()
            self._queue.changed.notify()
        return True

    def _take(self) -> list[_Job[T, R]]:
        queue = self._queue
        with queue.changed:
            batch: list[_Job[T, R]] = []
            while queue.jobs and len(batch) < self._max_batch:
                job = queue.jobs.popleft()
                if not job.future.cancelled():
                    batch.append(job)
            for _ in range(min(len(queue.rooms), self._capacity - len(queue.jobs))):
                queue.rooms.popleft().settle(None)
        return batch

    def _work_on(self, batch: list[_Job[T, R]]) -> None:
        outcomes: Sequence[R | BaseException]
        try:
            outcomes = self._work([job.item for job in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(batch)} items gave {len(outcomes)} outcomes")
        except BaseException as error:
            outcomes = [error] * len(batch)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[R], R | BaseException]]] = {}
        for job, outcome in zip(batch, outcomes, strict=True):
            by_loop.setdefault(job.loop, []).append((job.future, outcome))
        for loop, settled in by_loop.items():  # waking a loop once for all of them, not once for each
            with suppress(RuntimeError):  # the callers' loop is gone, and with it the callers
                loop.call_soon_threadsafe(_settle_all, settled)


_open: weakref.WeakSet[Lane[Any, Any]] = weakref.WeakSet()


def waiting() -> dict[str, int]:
    """Items that wait in this process, by the name of their lane, those of several channels together."""
    found: Counter[str] = Counter()
    for lane in list(_open):
        found[lane.name] += lane.waiting
    return dict(found)


def _run(queue: _Queue[T, R], lane_ref: weakref.ref[Lane[T, R]]) -> None:
    """The thread: wait on the queue alone, and touch the lane only while there is work."""
    while True:
        with queue.changed:
            while not queue.jobs and not queue.closed:
                queue.changed.wait()
            if not queue.jobs:
                return
        lane = lane_ref()
        if lane is None:  # collected with jobs left: their waiters were collected with it or must know
            _fail_all(queue)
            return
        batch = lane._take()
        if batch:
            lane._work_on(batch)
        del lane, batch


def _close(queue: _Queue[T, R]) -> None:
    with queue.changed:
        queue.closed = True
        for room in queue.rooms:
            room.settle(None)  # it wakes, offers again and is told that the lane is closed
        queue.rooms.clear()
        queue.changed.notify_all()


def _fail_all(queue: _Queue[T, R]) -> None:
    with queue.changed:
        for job in queue.jobs:
            job.settle(ClosedError("lane"))
        queue.jobs.clear()


def _settle_all(settled: Iterable[tuple[asyncio.Future[R], R | BaseException]]) -> None:
    for future, outcome in settled:
        _settle(future, outcome)


def _settle(future: asyncio.Future[R], outcome: R | BaseException) -> None:
    if future.done():
        return
    if isinstance(outcome, StopIteration):  # no future takes it, and the rest of its batch would wait
        outcome = RuntimeError(f"raised {outcome!r}")
    if isinstance(outcome, BaseException):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def work_lane(name: str, owner: str = "") -> Lane[Work, Any]:
    """A lane of things to do, one at a time and in order, each answering with what it returns or raises."""
    return Lane(lambda jobs: [_attempt(job) for job in jobs], name=name, max_batch=1, owner=owner)


def _attempt(job: Work) -> Any:
    try:
        return job()
    except Exception as error:  # it goes to whoever waits
        return error
