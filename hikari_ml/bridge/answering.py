"""From a call to its answer: deadlines, overload, and every kind of failure as the one error object."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import msgpack

from hikari_ml.bridge.methods import METHODS, call, method_of, params_of
from hikari_ml.bridge.protocol import CallError, Request, refusal, reply
from hikari_ml.errors import HikariError, OverloadedError
from hikari_ml.pipeline.hikari import Hikari

ANSWERS_KEPT: Final = 4096
"""Calls that change something whose answers are known, to be given again if they are repeated."""

FINAL: Final = ("ok", "bad_params")
"""How a call ends that would end so again."""

LEAST_WAIT_MS: Final = 20
SMOOTHING: Final = 0.05

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Done:
    """A call that changes something, and the doing of it."""

    request: bytes
    task: asyncio.Task[bytes] | None
    """None of one that succeeded and whose answer is kept no longer."""

    @property
    def is_under_way(self) -> bool:
        """Whether it is being done."""
        return self.task is not None and not self.task.done()

    def outcome(self) -> str:
        """How it ended: ``ok``, or a code."""
        if self.task is None:
            return "ok"
        if self.task.cancelled():
            return "internal"
        told = msgpack.unpackb(self.task.result())
        return "ok" if told["ok"] else str(told["error"]["code"])


class Answering:
    """Answers calls; ``counters`` says how often each method was answered, and with which error."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._busy = 0
        self._seconds = 0.02
        self._known: OrderedDict[tuple[str, str], _Done] = OrderedDict()
        self.counters: Counter[tuple[str, str]] = Counter()

    @property
    def busy(self) -> int:
        """Calls being answered."""
        return self._busy

    def overload(self, begun: int) -> OverloadedError | None:
        """What to say to one more call while ``begun`` are: when to come again, or None if there is room."""
        if begun < self._most:
            return None
        return OverloadedError("the bridge", max(LEAST_WAIT_MS, round(1000 * self._seconds * begun / 4)))

    async def answer(
        self, hikari: Hikari, request: Request, *, again: bool = False, whole: bool = False
    ) -> bytes:
        """The bytes of the answer; nothing is raised but a cancellation.

        What changes something is finished even if its deadline passes meanwhile, and answered as it was
        then if the same id comes again. With ``whole`` it is waited for as well. ``again``: it may have been
        done before, and answered, by a worker that died with what it did; no deadline counts then.
        """
        self._busy += 1
        began = time.perf_counter()
        try:
            return await self._answer(hikari, request, again, whole)
        finally:
            self._busy -= 1
            self._seconds += SMOOTHING * (time.perf_counter() - began - self._seconds)

    async def _answer(self, hikari: Hikari, request: Request, again: bool, whole: bool) -> bytes:
        try:
            check(request)
            left = None if again else seconds_left(request)
        except CallError as error:
            return self.refuse(request, error)
        if method_of(request).effect == "none":
            try:
                async with asyncio.timeout(left):
                    return await self._done(hikari, request, again)
            except TimeoutError:
                return self.refuse(request, _too_late("it took too long"))
        try:
            task = self._once(hikari, request, again)
        except CallError as error:
            return self.refuse(request, error)
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(task), None if whole else left)
        return self.refuse(request, _too_late("it goes on; ask again with the same id for its result"))

    def _once(self, hikari: Hikari, request: Request, again: bool) -> asyncio.Task[bytes]:
        """The one doing of a call that changes something, begun now or earlier."""
        name = (request.channel, request.id)
        known = self._known.get(name)
        if known is not None and known.request != asked(request):
            raise id_taken()
        if known is None or (not known.is_under_way and (again or known.outcome() not in FINAL)):
            task = asyncio.create_task(self._done(hikari, request, again))
            self._known[name] = _Done(asked(request), task)
            self._make_room()
            return task
        if known.task is None:
            raise answer_gone()
        return known.task

    def _make_room(self) -> None:
        """Forget the oldest answers; what is not finished must be known until it is."""
        for name in list(islice(self._known, max(0, len(self._known) - ANSWERS_KEPT))):
            if not self._known[name].is_under_way:
                del self._known[name]

    async def finish(self, channel: str) -> None:
        """Wait for what is being changed in ``channel``, and know nothing of it any more."""
        if begun := [known.task for _, known in self._of(channel) if known.task is not None]:
            await asyncio.wait(begun)
        for name, known in self._of(channel):
            if not known.is_under_way:
                del self._known[name]

    async def _done(self, hikari: Hikari, request: Request, again: bool) -> bytes:
        try:
            result: Any = await call(hikari, request, again=again)
        except Exception as error:  # every kind of failure is an answer
            if not isinstance(error, HikariError):
                _log.exception("%s failed", request.method)
            return self.refuse(request, error)
        self.counters[request.method, "ok"] += 1
        return reply(request.id, result)

    def refuse(self, request: Request, error: Exception) -> bytes:
        """The answer that ``error`` makes, counted."""
        code = error.code if isinstance(error, HikariError) else "internal"
        self.counters[_shown(request.method), code] += 1
        return refusal(request.id, error)

    def forget_answers(self, channel: str, erasure: str) -> None:
        """Keep no answers of ``channel``, only that calls were done: the call ``erasure`` erased somebody.

        Of that one nothing is known here: it is not at its end yet, and its intake will know when it is.
        """
        self._known.pop((channel, erasure), None)
        for name, known in self._of(channel):
            if known.is_under_way:
                continue
            if known.outcome() == "ok":
                self._known[name] = replace(known, task=None)
            else:
                del self._known[name]

    def _of(self, channel: str) -> list[tuple[tuple[str, str], _Done]]:
        return [(name, known) for name, known in self._known.items() if name[0] == channel]


def fault_of(request: Request) -> CallError | None:
    """Why ``request`` is refused wherever it comes: no such method, wrong parameters, too late."""
    try:
        check(request)
        seconds_left(request)
    except CallError as error:
        return error
    return None


def check(request: Request) -> None:
    """See that there is such a method, and that it takes such parameters.

    Raises:
        CallError: there is none, or it does not.
    """
    if request.method != "health":
        params_of(request)
    elif request.params:
        field = min(request.params)
        raise CallError("bad_params", f"{field}: health takes none", {"field": field})


def asked(request: Request) -> bytes:
    """A digest of what is asked: what tells a call from another with the same id."""
    return blake2b(msgpack.packb([request.method, request.params]), digest_size=16).digest()


def id_taken() -> CallError:
    """What to say to a call whose id another has had."""
    return CallError("bad_request", "id: another call has had it", {"reason": "id taken"})


def answer_gone() -> CallError:
    """What to say to a call that was done, when what it was answered is known no longer."""
    why = "id: it was done before, and its answer is kept no longer"
    return CallError("bad_request", why, {"reason": "answer gone"})


def seconds_left(request: Request) -> float | None:
    """Seconds until the deadline; None if there is none.

    Raises:
        CallError: it has passed.
    """
    if request.deadline_ms is None:
        return None
    left = request.deadline_ms / 1000 - time.time()
    if left <= 0:
        raise _too_late("it had passed when the call came")
    return left


def _too_late(why: str) -> CallError:
    return CallError("deadline_exceeded", f"deadline_ms: {why}")


def _shown(method: str) -> str:
    """A method as a counter names it: what strangers call adds no names."""
    return method if method in METHODS or method == "health" else "unknown"
