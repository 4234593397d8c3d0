"""Hikari: one channel.

A message comes in, one neural pass reads it, memory recalls and keeps, analytics count.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from weakref import ref

from hikari_ml.chat import ChatMessage, UserCleared, check_name, check_text, user_key
from hikari_ml.config import Settings
from hikari_ml.context_memory.protocol import MemorySystem
from hikari_ml.context_memory.system import NeuralMemorySystem
from hikari_ml.errors import HikariError, InputError
from hikari_ml.models.reading import Shelf, Vector
from hikari_ml.pipeline.advice import advise, is_close
from hikari_ml.pipeline.antecedents import Antecedents
from hikari_ml.pipeline.events import Event, Events
from hikari_ml.pipeline.expression import GRID, Expression, ExpressionState, Told
from hikari_ml.pipeline.looks import read_looks
from hikari_ml.pipeline.mood import Mood, MoodState
from hikari_ml.pipeline.salience import arousal, salience
from hikari_ml.realtime_analytics.engine import StreamAnalyticsEngine
from hikari_ml.realtime_analytics.features import digest
from hikari_ml.results import Insight, Memory, MessageInsights, Remembered
from hikari_ml.runtime.clock import Clock, ManualClock, SystemClock
from hikari_ml.runtime.service import Service, ended
from hikari_ml.sentiment_analysis.analyzer import AdvancedSentimentAnalyzer, ReadMessage
from hikari_ml.sentiment_analysis.signals import MAX_LENGTH
from hikari_ml.times import iso, iso_at

OWN: Final = 3
"""Memories of the author that are recalled with a message."""

SHARED: Final = 2
"""Memories of the channel that are recalled besides, if they are close."""

FEWEST_WORDS: Final = 2
IDS_KEPT: Final = 20_000
RETRACTED_KEPT: Final = 1000
ERASED_KEPT: Final = 1000
UNKEPT_KEPT: Final = 1000
"""Messages that may be said again because memory failed."""

UPKEEP_SECONDS: Final = 1800.0
"""Time between two rounds of consolidation."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A message that may still be retracted, and what was stored of it."""

    message: ChatMessage
    memory_id: str | None


class Hikari(Service):
    """Analyser, memory and analytics of one channel, sharing one neural pass a message.

    State lives in the channel's folder of the data folder, or in ``folder``; memory may have its own, or be
    any ``memory`` that is handed in, such as a PostgresMemory that other processes write as well. That and an
    ``analyzer`` that is handed in are used and not closed. Processes share what models read on the ``shelf``.

    Raises:
        InputError: ``memory`` is read_only, or comes with a ``memory_folder``.
        ConfigError: the table of expressions (setting ``expression.table``) cannot be used.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        channel: str = "default",
        analyzer: AdvancedSentimentAnalyzer | None = None,
        clock: Clock | None = None,
        folder: str | Path | None = None,
        memory_folder: str | Path | None = None,
        memory: MemorySystem | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.channel = check_name(channel, "channel")
        self._clock = clock or SystemClock()
        self.folder = Path(folder) if folder is not None else self.settings.channel_dir(channel)
        self._memory_folder = memory_folder if memory_folder is not None else self.folder / "memory"
        self._own_memory = memory is None
        self.memory: MemorySystem
        if memory is not None:
            self.memory = _checked(memory, memory_folder)
        self._own_analyzer = analyzer is None
        self._shelf = shelf
        if analyzer is not None:
            self.analyzer = analyzer
        self._events = Events()
        self._make_parts()
        self._bots = frozenset(map(user_key, self.settings.analytics.bots))
        self._mood = Mood()
        table = read_looks(self.settings.expression.table)
        self._expression = Expression(table, self.settings.expression.hold_seconds)
        self._antecedents = Antecedents()
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._erased: OrderedDict[bytes, datetime] = OrderedDict()  # by digest: no name is left
        self._unkept: OrderedDict[str, MessageInsights] = OrderedDict()
        """Of messages that were counted and could not be remembered."""
        self._retracted: deque[str] = deque(maxlen=RETRACTED_KEPT)
        self._under_way: list[tuple[ChatMessage, asyncio.Future[None]]] = []

    async def start(self) -> None:
        """Start, as the first call else does."""
        await self._ready()

    async def perceive(self, message: ChatMessage, *, request_id: str | None = None) -> Insight:
        """Analyse, recall, keep and count one message.

        It recalls before it stores: a message never finds itself. A repeated ``request_id`` remembers nothing
        a second time, even after a crash.

        Raises:
            InputError: ``message`` is no ChatMessage.
        """
        if not isinstance(message, ChatMessage):
            raise InputError("message", message, "give a ChatMessage")
        await self._ready()
        with self._perceiving(message):
            return await self._perceive(message, await self.analyzer.read(message), request_id)

    async def retract(self, message_id: str) -> dict[str, Any]:
        """Withdraw a deleted message from analytics, and from memory unless others said the same.

        Memory knows the ids of the last 20,000 messages since the start.
        """
        check_text(message_id, "message_id")
        await self._ready()
        self._retracted.append(message_id)
        counted = await self.analytics.retract_message(message_id)
        seen = self._seen.pop(message_id, None)
        forgotten = False
        if seen is not None:
            self.analyzer.withdraw(seen.message)
            forgotten = seen.memory_id is not None and await self.memory.withdraw_memory(seen.memory_id)
        self._events.publish("retracted", iso(self._clock.now()), {"message_id": message_id})
        return {"message_id": message_id, "counted": counted, "forgotten": forgotten, "degraded": []}

    async def retract_user(self, cleared: UserCleared) -> dict[str, Any]:
        """:meth:`retract` every message that ``cleared`` covers and that is known, the oldest first.

        Known are the last 20,000 messages with an id, and those that are being perceived.
        """
        await self._ready()
        known = [message_id for message_id, seen in self._seen.items() if cleared.covers(seen.message)]
        now = [m.id for m, _ in self._under_way if m.id is not None and cleared.covers(m)]
        for message_id in dict.fromkeys([*known, *now]):
            await self.retract(message_id)
            await asyncio.sleep(0)  # a whole chat may be cleared, and messages come meanwhile
        return {"username": cleared.username, "messages": len(known) + len(now), "degraded": []}

    async def erase_user(self, user: str) -> dict[str, Any]:
        """Erase a viewer everywhere: memory (with its file), analytics, trends; the proof of each.

        What they said before and is still being perceived is waited for, and erased too; for what was heard
        and waits, see :meth:`is_erased`.
        """
        check_name(user, "user")
        await self._ready()
        self._erased[digest(user_key(user))] = self._clock.now()
        while len(self._erased) > ERASED_KEPT:
            self._erased.popitem(last=False)
        if theirs := [done for message, done in self._under_way if _is_by(message, user)]:
            await asyncio.wait(theirs)
        memory = await self.memory.erase_user(user)
        for message_id in [i for i, seen in self._seen.items() if _is_by(seen.message, user)]:
            del self._seen[message_id]
        self._unkept.clear()  # whose they are is not looked up for so few
        self._antecedents.forget(user)
        proof = {
            "user": user,
            "memory": memory,
            "analytics": await self.analytics.forget_viewer(user),
            "trends": self.analyzer.forget_user(user),
            "degraded": [],
        }
        self._events.publish("erased", iso(self._clock.now()), {"user": user})
        return proof

    def is_erased(self, message: ChatMessage) -> bool:
        """Whether its author was erased after ``message`` was written: then it must not be carried in.

        Known are the last thousand who were erased since the start.
        """
        erased_at = self._erased.get(digest(user_key(message.username)))
        return erased_at is not None and message.timestamp <= erased_at

    def events(self) -> AsyncIterator[Event]:
        """Every event from this call on.

        They are message, memory, moment, alert, mood, expression, retracted and erased; who attends a chat
        tells ``raid``, ``stream`` and ``source`` besides. They end when the channel is closed; a start that
        failed can be tried again and ends none, so close a channel that you give up.
        """
        return self._events.listen()

    def tell(self, kind: str, at: datetime, data: Mapping[str, Any]) -> None:
        """Publish an event of the stream that is no message, and what the analytics found meanwhile."""
        self._events.publish(kind, iso(at), data)
        self._tell_news(iso(at))

    def now(self) -> datetime:
        """The moment by the channel's clock."""
        return self._clock.now()

    @property
    def mood(self) -> MoodState:
        """The smoothed mood of the chat, now."""
        return self._mood.state(self._clock.now().timestamp())

    @property
    def expression(self) -> ExpressionState:
        """What Hikari might show now, and what her avatar calls it."""
        return self._expression.at(self._clock.now().timestamp())

    async def _open(self, stack: AsyncExitStack) -> None:
        try:
            if self._own_memory:
                await stack.enter_async_context(self.memory)  # it locks the folder: nobody else writes there
            else:
                await self.memory.get_memory_stats()  # it starts, and is closed by who gave it
            if self._own_analyzer:
                await stack.enter_async_context(self.analyzer)
            await stack.enter_async_context(self.analytics)
        except BaseException:
            self._make_parts()  # those that had started are closed now; the next try needs others
            raise
        if not isinstance(self._clock, ManualClock):  # who tells the time keeps house by it
            upkeep = asyncio.create_task(_keep_house(ref(self)), name="hikari-upkeep")
            stack.push_async_callback(ended, upkeep)
        face = asyncio.create_task(_follow_face(ref(self)), name="hikari-face")
        stack.push_async_callback(ended, face)

    async def _close_once(self) -> None:
        try:
            await super()._close_once()
        finally:
            if self._state == "closed":  # and not cut short before, by the end of its loop
                self._events.close()

    def _make_parts(self) -> None:
        if self._own_analyzer:
            self.analyzer = AdvancedSentimentAnalyzer(
                self.settings, clock=self._clock, path=self.folder / "emotes.msgpack", shelf=self._shelf
            )
        if self._own_memory:
            self.memory = NeuralMemorySystem(self._memory_folder, self.settings, clock=self._clock)
        self.analytics = StreamAnalyticsEngine(
            self.settings, path=self.folder / "analytics.msgpack", clock=self._clock
        )

    async def perceive_read(
        self, message: ChatMessage, read: ReadMessage, *, request_id: str | None = None
    ) -> Insight:
        """:meth:`perceive` for a message the analyser has read already."""
        await self._ready()
        with self._perceiving(message):
            return await self._perceive(message, read, request_id)

    @contextmanager
    def _perceiving(self, message: ChatMessage) -> Iterator[None]:
        """Know of ``message`` while it is perceived: it may be withdrawn meanwhile."""
        entry = message, asyncio.get_running_loop().create_future()
        self._under_way.append(entry)
        try:
            yield
        finally:
            self._under_way.remove(entry)
            entry[1].set_result(None)

    async def _perceive(self, message: ChatMessage, read: ReadMessage, request_id: str | None) -> Insight:
        memories = await self._recall(message, read)
        insights = await self.analytics.process_chat_message(
            message.username,
            message.text,
            message.timestamp,
            message_id=message.id,
            analysis=read.analysis,
            embedding=read.embedding,
        )
        if message.id is not None and insights["features"].get("why_not") == "repeated id":
            insights = self._unkept.pop(message.id, insights)
        counted = insights["features"].get("why_not") is None
        remembered = await self._kept(message, read, insights, request_id) if counted else None
        if counted and message.id is not None:
            remembered = await self._note(message, message.id, remembered)
        insight: Insight = {
            "message_id": message.id,
            "analysis": read.analysis,
            "memories": memories,
            "insights": insights,
            "recommendation": advise(read.analysis, memories, insights),
            "remembered": remembered,
            "degraded": sorted({*read.analysis["degraded"], *insights["degraded"]}),
        }
        if message.id is not None and message.id in self._retracted:
            self.analyzer.withdraw(message)
        elif insights["features"].get("why_not") != "repeated id":
            self._tell(message, insight)
        return insight

    async def _recall(self, message: ChatMessage, read: ReadMessage) -> list[Memory]:
        """The author's memories that fit best, then the channel's, only where they are close."""
        words = len(read.analysis["text"].split())
        if read.embedding is None or words < FEWEST_WORDS or self._is_bot(message.username):
            return []
        question: dict[str, Any] = {"embedding": self._shared(read), "as_of": None, "strengthen": False}
        query = message.text[:MAX_LENGTH]
        own, shared = await asyncio.gather(
            self.memory.retrieve_memories(query, OWN, user=message.username, **question),
            self.memory.retrieve_memories(query, OWN + SHARED, **question),
        )
        known = {memory["id"] for memory in own}
        others = [memory for memory in shared if memory["id"] not in known and is_close(memory)]
        return own + others[:SHARED]

    def _shared(self, read: ReadMessage) -> Vector | None:
        """The embedding of the pass, if memory's vectors are of its model; else memory makes its own."""
        same = self.analyzer.embedding_id == self.memory.embedding_id
        return read.embedding if same else None

    async def _kept(
        self, message: ChatMessage, read: ReadMessage, insights: MessageInsights, request_id: str | None
    ) -> Remembered | None:
        """Remember the message; if memory fails, whoever says it again has it remembered, counted once."""
        try:
            return await self._keep(message, read, insights, request_id)
        except HikariError:
            if message.id is not None:
                self._unkept[message.id] = insights
                while len(self._unkept) > UNKEPT_KEPT:
                    self._unkept.popitem(last=False)
            raise

    async def _keep(
        self, message: ChatMessage, read: ReadMessage, insights: MessageInsights, request_id: str | None
    ) -> Remembered | None:
        about = self._antecedents.of(message)
        self._antecedents.note(message)
        weighed = salience(read.analysis, insights, self.channel, about)
        if not weighed.worth or read.embedding is None or self._is_bot(message.username):
            return None
        metadata = {
            "user": message.username,
            "channel": message.channel,
            "emotion": read.analysis["emotion"]["primary"],
            "why": list(weighed.reasons),
        }
        if message.id is not None:
            metadata["message_id"] = message.id
        if about is not None and any(why.startswith("says of themselves") for why in weighed.reasons):
            metadata["about"] = about
        memory_id = await self.memory.store_memory(
            read.analysis["text"][:MAX_LENGTH],
            weighed.type,
            metadata,
            weighed.importance,
            created_at=message.timestamp,
            embedding=self._shared(read),
            arousal=arousal(read.analysis["emotion"]),
            request_id=request_id,
        )
        return {
            "id": memory_id,
            "type": weighed.type,
            "importance": weighed.importance,
            "reasons": list(weighed.reasons),
        }

    async def _note(
        self, message: ChatMessage, message_id: str, remembered: Remembered | None
    ) -> Remembered | None:
        """Keep what a retraction will need; one that came while the message was perceived counts too."""
        if message_id in self._retracted:
            if remembered is not None:
                await self.memory.withdraw_memory(remembered["id"])
            return None
        self._seen[message_id] = _Seen(message, remembered["id"] if remembered else None)
        while len(self._seen) > IDS_KEPT:
            self._seen.popitem(last=False)
        return remembered

    def _tell(self, message: ChatMessage, insight: Insight) -> None:
        at = iso(message.timestamp)
        self._events.publish("message", at, insight)
        if insight["insights"]["features"].get("why_not") is None:  # a bot's lines are nobody's mood
            felt_at = min(message.timestamp, self._clock.now()).timestamp()
            self._events.publish("mood", at, self._mood.feel(insight["analysis"], felt_at))
            self._show(self._expression.feel(insight["analysis"], felt_at))
        if insight["remembered"] is not None:
            said = {
                "content": insight["analysis"]["text"],
                "username": message.username,
                "message_id": message.id,
            }
            self._events.publish("memory", at, {**insight["remembered"], **said})
        self._tell_news(at)

    def _tell_news(self, at: str) -> None:
        for kind, news in self.analytics.drain_news():
            self._events.publish(kind, at, news)

    def _show(self, told: Sequence[Told]) -> None:
        for at, expression in told:
            self._events.publish("expression", iso_at(at), expression)

    def _is_bot(self, username: str) -> bool:
        return user_key(username) in self._bots


async def _keep_house(held: ref[Hikari]) -> None:
    """Consolidate the memory and keep what emotes mean while the stream runs.

    A channel that nobody holds any more is let go.
    """
    while True:
        await asyncio.sleep(UPKEEP_SECONDS)
        hikari = held()
        if hikari is None:
            return
        try:
            await hikari.memory.consolidate()
        except HikariError:
            _log.exception("the memory could not be consolidated; the next round tries again")
        try:
            if hikari._own_analyzer:
                await hikari.analyzer.save()
        except HikariError:
            _log.exception("what emotes mean could not be kept; the next round tries again")
        del hikari


async def _follow_face(held: ref[Hikari]) -> None:
    """Tell how the expression changes while nobody writes."""
    while True:
        await asyncio.sleep(GRID)
        hikari = held()
        if hikari is None:
            return
        hikari._show(hikari._expression.until(hikari.now().timestamp()))
        del hikari


def _is_by(message: ChatMessage, user: str) -> bool:
    return user_key(message.username) == user_key(user)


def _checked(memory: MemorySystem, folder: str | Path | None) -> MemorySystem:
    if folder is not None:
        raise InputError("memory_folder", str(folder), "leave it out where a memory is given")
    if memory.read_only:
        raise InputError("memory", type(memory).__name__, "open it without read_only")
    return memory
