"""What chat said over a whole recording, counted message by message."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from hikari_ml.chat import ChatMessage, user_key
from hikari_ml.results import Emotion, Insight, MessageAnalysis, Topic, ToxicMessage
from hikari_ml.text.cues import find_cues
from hikari_ml.text.normalize import same_text_key
from hikari_ml.times import iso

MAX_TOXIC: Final = 2000
"""Different toxic texts counted; beyond, the milder half makes room."""

MAX_WORDS: Final = 20_000
"""Different words counted; beyond, the rarest make room."""


@dataclass(slots=True)
class Words:
    """How often a word was said, and by whom."""

    messages: Counter[str] = field(default_factory=Counter)
    chatters: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, names: Sequence[str], username: str) -> None:
        """Count ``names``, said together by ``username``."""
        for name in names:
            self.messages[name] += 1
            self.chatters[name].add(user_key(username))
        if len(self.messages) > MAX_WORDS:
            for name, _ in self.messages.most_common()[MAX_WORDS // 2 :]:
                del self.messages[name], self.chatters[name]

    def top(self, most: int) -> list[Topic]:
        """What most people said, at least two of them."""
        ranked = sorted(
            self.messages, key=lambda name: (-len(self.chatters[name]), -self.messages[name], name)
        )
        return [
            {"topic": name, "messages": self.messages[name], "chatters": len(self.chatters[name])}
            for name in ranked[:most]
            if len(self.chatters[name]) > 1
        ]


@dataclass(slots=True)
class ToxicTexts:
    """What was called toxic: a text that many paste is one text."""

    total: int = 0
    texts: dict[str, ToxicMessage] = field(default_factory=dict)
    chatters: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, message: ChatMessage, analysis: MessageAnalysis) -> None:
        """Count ``message``, which was called toxic."""
        self.total += 1
        key = same_text_key(analysis["text"])
        if key not in self.texts:
            toxicity = analysis["toxicity"]
            self.texts[key] = {
                "at": iso(message.timestamp),
                "username": message.username,
                "text": analysis["text"],
                "score": toxicity["overall"],
                "category": max(toxicity["categories"], key=lambda name: toxicity["categories"][name]),
                "messages": 0,
                "chatters": 0,
            }
        self.chatters[key].add(user_key(message.username))
        self.texts[key]["messages"] += 1
        self.texts[key]["chatters"] = len(self.chatters[key])
        if len(self.texts) > MAX_TOXIC:
            kept = self.top(MAX_TOXIC // 2)
            self.texts = {same_text_key(found["text"]): found for found in kept}
            for gone in self.chatters.keys() - self.texts.keys():
                del self.chatters[gone]

    def top(self, most: int) -> list[ToxicMessage]:
        """The texts with the highest score; the earlier first among equals."""
        return sorted(self.texts.values(), key=lambda found: (-found["score"], found["at"]))[:most]


@dataclass(slots=True)
class Tally:
    """What a report needs that the pipeline itself does not keep: counts over the whole recording."""

    messages: int = 0
    bots: int = 0
    first: datetime | None = None
    last: datetime | None = None
    emotions: Counter[Emotion] = field(default_factory=Counter)
    by_minute: defaultdict[int, Counter[Emotion]] = field(default_factory=lambda: defaultdict(Counter))
    languages: Counter[str] = field(default_factory=Counter)
    topics: Words = field(default_factory=Words)
    emotes: Words = field(default_factory=Words)
    toxic: ToxicTexts = field(default_factory=ToxicTexts)
    degraded: Counter[str] = field(default_factory=Counter)
    late: int = 0

    def add(self, message: ChatMessage, insight: Insight) -> None:
        """Count ``message``; of a bot's nothing but that it was there."""
        self.messages += 1
        at = message.timestamp
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        if insight["insights"]["features"].get("why_not") == "bot":
            self.bots += 1
            return
        self.late += bool(insight["insights"]["features"].get("late"))
        analysis = insight["analysis"]
        self.languages[analysis["language"]] += 1
        self.degraded.update(insight["degraded"])
        self.topics.add(analysis["keywords"], message.username)
        cues = {cue.token: None for cue in find_cues(message.text, message.emotes)}
        self.emotes.add(list(cues), message.username)
        if analysis["sentiment"]["members_used"]:
            emotion = analysis["emotion"]["primary"]
            self.emotions[emotion] += 1
            self.by_minute[int(at.timestamp() // 60) * 60][emotion] += 1
        if analysis["toxicity"]["is_toxic"]:
            self.toxic.add(message, analysis)
