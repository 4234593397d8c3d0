"""What can be called, with what, and what each call changes."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hikari_ml.bridge.protocol import CallError, Request
from hikari_ml.chat import ChatMessage, EmoteSpan
from hikari_ml.errors import InputError, UnknownMemoryError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.times import parse


class Params(BaseModel):
    """The parameters of a method; one that is not named here is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NoParams(Params):
    """None."""


class AnalyzeMessage(Params):
    """A text and whose it is; ``context`` comes back as it is."""

    text: str
    username: str
    context: dict[str, Any] | None = None


class StoreMemory(Params):
    """A memory; ``created_at`` (ISO-8601) back-fills."""

    content: str
    memory_type: str = "interaction"
    metadata: dict[str, Any] | None = None
    importance: float = 0.5
    created_at: str | None = None


class RetrieveMemories(Params):
    """A question; ``user`` and ``memory_types`` narrow what is found, ``as_of`` (ISO-8601) when it held."""

    query: str
    k: int = 5
    memory_types: list[str] | None = None
    user: str | None = None
    as_of: str | None = None


class Topic(Params):
    """What to sum up, in at most ``max_length`` characters."""

    topic: str
    max_length: int = 500


class FindAssociations(Params):
    """Whose neighbours in the knowledge graph, and how far."""

    entity: str
    max_hops: int = 2


class MemoryId(Params):
    """Which memory."""

    memory_id: str


class User(Params):
    """Which viewer."""

    user: str


class Username(Params):
    """Which viewer."""

    username: str


class ProcessChatMessage(Params):
    """A message to be counted; ``timestamp`` (ISO-8601) None is now."""

    username: str
    message: str
    timestamp: str | None = None
    message_id: str | None = None


class RecordMetric(Params):
    """One value of a series."""

    name: str
    value: float
    timestamp: str | None = None


class MessageId(Params):
    """Which message."""

    message_id: str


class ForecastMetrics(Params):
    """How many steps of what length."""

    metric_name: str
    periods: int = 24
    freq: str = "h"


class ContentPerformance(Params):
    """What a piece of content reached."""

    content_id: str
    engagement_metrics: dict[str, float]


class Emote(Params):
    """``text[start:end]`` is an emote, by code points."""

    name: str
    start: int
    end: int


class Message(Params):
    """A chat message."""

    username: str
    text: str
    timestamp: str | None = None
    id: str | None = None
    badges: list[str] = []
    emotes: list[Emote] = []
    roles: list[str] = []


class Perceive(Params):
    """The message to perceive."""

    message: Message


Effect = Literal["none", "memory", "counts", "both"]
"""What a call changes: memory, which is durable at once, or counts, which are kept now and then."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the bridge."""

    params: type[Params]
    effect: Effect
    call: Callable[[Hikari, Any, Request], Awaitable[Any]]


async def _store(hikari: Hikari, p: StoreMemory, request: Request) -> str:
    return await hikari.memory.store_memory(
        p.content,
        p.memory_type,
        p.metadata,
        p.importance,
        created_at=_time(p.created_at, "created_at"),
        request_id=request.id,
    )


async def _retrieve(hikari: Hikari, p: RetrieveMemories, _: Request) -> Any:
    as_of = _time(p.as_of, "as_of")
    return await hikari.memory.retrieve_memories(p.query, p.k, p.memory_types, user=p.user, as_of=as_of)


async def _process(hikari: Hikari, p: ProcessChatMessage, request: Request) -> Any:
    message_id = p.message_id or request.id
    at = _time(p.timestamp)
    return await hikari.analytics.process_chat_message(p.username, p.message, at, message_id=message_id)


async def _perceive(hikari: Hikari, p: Perceive, request: Request) -> Any:
    return await hikari.perceive(chat_message(p.message, request), request_id=request.id)


def chat_message(said: Message, request: Request) -> ChatMessage:
    """What was said; a message without an id has that of its request, so that a repeated one counts once."""
    return ChatMessage(
        said.username,
        said.text,
        _time(said.timestamp, "message.timestamp"),  # type: ignore[arg-type]  # None is now
        id=said.id or request.id,
        channel=request.channel,
        badges=tuple(said.badges),
        emotes=tuple(EmoteSpan(emote.name, emote.start, emote.end) for emote in said.emotes),
        roles=tuple(said.roles),
    )


METHODS: Final[Mapping[str, Method]] = {
    "analyze_message": Method(
        AnalyzeMessage, "none", lambda h, p, _: h.analyzer.analyze_message(p.text, p.username, p.context)
    ),
    "store_memory": Method(StoreMemory, "memory", _store),
    "retrieve_memories": Method(RetrieveMemories, "none", _retrieve),
    "get_context_summary": Method(
        Topic, "none", lambda h, p, _: h.memory.get_context_summary(p.topic, p.max_length)
    ),
    "summarize": Method(Topic, "none", lambda h, p, _: h.memory.summarize(p.topic, p.max_length)),
    "find_associations": Method(
        FindAssociations, "none", lambda h, p, _: h.memory.find_associations(p.entity, p.max_hops)
    ),
    "get_memory_stats": Method(NoParams, "none", lambda h, *_: h.memory.get_memory_stats()),
    "consolidate": Method(NoParams, "memory", lambda h, *_: h.memory.consolidate()),
    "forget_memory": Method(MemoryId, "memory", lambda h, p, _: h.memory.forget_memory(p.memory_id)),
    "erase_user": Method(User, "both", lambda h, p, _: h.erase_user(p.user)),
    "process_chat_message": Method(ProcessChatMessage, "counts", _process),
    "record_metric": Method(
        RecordMetric,
        "counts",
        lambda h, p, _: h.analytics.record_metric(p.name, p.value, _time(p.timestamp)),
    ),
    "retract_message": Method(MessageId, "both", lambda h, p, _: h.retract(p.message_id)),
    "get_viewer_insights": Method(
        Username, "none", lambda h, p, _: h.analytics.get_viewer_insights(p.username)
    ),
    "forecast_metrics": Method(
        ForecastMetrics,
        "none",
        lambda h, p, _: h.analytics.forecast_metrics(p.metric_name, p.periods, freq=p.freq),
    ),
    "detect_content_performance": Method(
        ContentPerformance,
        "counts",
        lambda h, p, _: h.analytics.detect_content_performance(p.content_id, p.engagement_metrics),
    ),
    "get_real_time_dashboard": Method(NoParams, "none", lambda h, *_: h.analytics.get_real_time_dashboard()),
    "perceive": Method(Perceive, "both", _perceive),
}
"""Every method of a channel; ``health`` is the bridge's own."""


def method_of(request: Request) -> Method:
    """The method that ``request`` calls.

    Raises:
        CallError: there is none of this name.
    """
    found = METHODS.get(request.method)
    if found is None:
        known = ", ".join(sorted((*METHODS, "health")))
        raise CallError("unknown_method", f"{request.method!r:.80} is none of {known}")
    return found


def params_of(request: Request) -> Params:
    """The checked parameters of ``request``.

    Raises:
        CallError: the method is not known, or its parameters do not fit.
    """
    try:
        return method_of(request).params.model_validate(request.params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise CallError("bad_params", f"{field}: {first['msg']}", {"field": field}) from error


async def call(hikari: Hikari, request: Request, *, again: bool = False) -> Any:
    """What ``request`` calls, called.

    ``again``: it may have been done before by a worker that died before it could say so.

    Raises:
        CallError: there is no such method, or the parameters do not fit.
        HikariError: it failed.
    """
    method, params = method_of(request), params_of(request)
    try:
        return await method.call(hikari, params, request)
    except UnknownMemoryError:
        if again and request.method == "forget_memory":
            return None
        raise


def _time(text: str | None, name: str = "timestamp") -> datetime | None:
    """A moment of the caller; one without a zone would be read as local to the worker: it is refused."""
    if text is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        try:
            return parse(text, name)
        except UserWarning:
            raise InputError(name, text, "give its zone, as in 2026-01-31T20:15:00Z") from None
