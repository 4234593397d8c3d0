"""The state the live page shows: the analytics' snapshot, and the last of what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.pipeline.events import Event
from hikari_ml.pipeline.hikari import Hikari

CHAT_KEPT: Final = 40
LIST_KEPT: Final = 12
POINT_SECONDS: Final = 5.0
POINTS_KEPT: Final = 240
"""Points of the live curves: twenty minutes."""


@dataclass(slots=True)
class LiveState:
    """What is shown of one channel."""

    hikari: Hikari
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CHAT_KEPT))
    memories: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_KEPT))
    toxic: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_KEPT))
    series: dict[str, deque[Any]] = field(default_factory=dict)
    advice: dict[str, Any] = field(default_factory=dict)
    _sampled: float = 0.0

    def take(self, event: Event) -> None:
        """Take in one event."""
        if event["type"] == "message":
            self._message(event["at"], event["data"])
        elif event["type"] == "memory":
            known = event["data"]
            shown = {name: known[name] for name in ("content", "username", "type", "reasons")}
            self.memories.appendleft({"id": known["message_id"], "at": event["at"], **shown})
        elif event["type"] == "retracted":
            message_id = event["data"]["message_id"]
            self._drop(lambda line: line.get("id") == message_id)
        elif event["type"] == "erased":
            user = user_key(event["data"]["user"])
            self._drop(lambda line: user_key(line.get("username", "")) == user)

    async def snapshot(self) -> Mapping[str, Any]:
        """Everything the page shows, now."""
        board = await self.hikari.analytics.get_real_time_dashboard()
        self._sample(board["timestamp"], board["current_metrics"])
        return {
            "channel": self.hikari.channel,
            **board,
            "moments": board["moments"][-LIST_KEPT:],
            "alerts": board["alerts"][-LIST_KEPT:],
            "feeling": self.hikari.mood,
            "chat": list(self.chat),
            "memories": list(self.memories),
            "toxic": list(self.toxic),
            "advice": self.advice,
            "series": {name: list(points) for name, points in self.series.items()},
        }

    def _message(self, at: str, insight: Mapping[str, Any]) -> None:
        analysis = insight["analysis"]
        line = {
            "id": insight["message_id"],
            "at": at,
            "username": analysis["username"],
            "text": analysis["text"],
            "label": analysis["sentiment"]["aggregate"]["label"],
            "emotion": analysis["emotion"]["primary"],
            "toxic": analysis["toxicity"]["is_toxic"],
        }
        self.chat.append(line)
        if line["toxic"]:
            self.toxic.appendleft({**line, "score": analysis["toxicity"]["overall"]})
        advice = insight["recommendation"]
        if advice["priority"] == "high":
            shown = {name: advice[name] for name in ("tone", "priority", "reasons")}
            self.advice = {**line, **shown}

    def _drop(self, gone: Callable[[dict[str, Any]], bool]) -> None:
        """Show nothing any more of what was deleted."""
        for lines in (self.chat, self.memories, self.toxic):
            for line in [line for line in lines if gone(line)]:
                lines.remove(line)
        if gone(self.advice):
            self.advice = {}

    def _sample(self, at: str, metrics: Mapping[str, Any]) -> None:
        """Add a point to the curves every few seconds of stream."""
        now = self.hikari.now().timestamp()
        if now - self._sampled < POINT_SECONDS or not metrics["total_messages"]:
            return
        self._sampled = now
        values = {
            "at": at,
            "messages_per_minute": metrics["messages_per_minute"],
            "mood": metrics["mood"],
            "viewers": metrics["viewer_count"],
        }
        for name, value in values.items():
            self.series.setdefault(name, deque(maxlen=POINTS_KEPT)).append(value)
