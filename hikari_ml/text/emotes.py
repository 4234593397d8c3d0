"""What an emote means in one channel: what the lexicon says of it, moved by the words it is used beside.

The words of a message say how it is meant. Over many messages the mean of what they say, beside an emote
and less the mean beside all emotes, tells how the emote is meant here. Words are milder than the emotes
beside them, and a channel has a mood of its own, so a line is laid through the channel's rated emotes (rating
against deviation) and the others are read off it. A rating is a prior worth some messages, no rating a weaker
prior at neutral, and what was learned fades with time.

Nobody teaches alone: a viewer counts once in five minutes for an emote, a pasted text once, and an emote is
what it was before three people used it.
"""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.results import EMOTIONS, Emotion
from hikari_ml.text.cues import Cue, Rating, emote_ratings

MAX_EMOTES: Final = 2000
"""Emotes learned of; those that few people used make room first, then those with the fewest lessons."""

MAX_TAUGHT: Final = 10
"""Emotes one message teaches."""

RATED_PRIOR: Final = 60.0
UNRATED_PRIOR: Final = 12.0
"""Messages that a rating, or having none, is worth."""

MAX_SHIFT: Final = 0.3
"""How far a channel may move a rating: laughter stays laughter where people laugh at each other."""

MIN_MESSAGES: Final = 5.0
MIN_TEACHERS: Final = 3
"""Messages and people from which what was learned counts."""

HALF_LIFE: Final = 30 * 86_400.0
"""Seconds of stream time after which a message counts half."""

MAX_STEP: Final = 86_400.0
"""Seconds that time goes on at most with one message, so that no strange date ends all that was learned."""

AGAIN_AFTER: Final = 300.0
"""Seconds in which a viewer teaches an emote once."""

MAX_RECENT: Final = 1024
"""Viewers, and texts, that are held apart from new ones."""

FELT: Final = 0.2
"""Valence from which an emote without a rating has a vote and an emotion."""

KIND: Final[tuple[Emotion, ...]] = ("joy", "surprise")
UNKIND: Final[tuple[Emotion, ...]] = ("anger", "disgust", "fear", "sadness")

SLOPE_PRIOR: Final = 0.1
"""How much it takes to move the line's slope from 1: a sum of squared deviations over rated emotes."""

LEVEL_PRIOR: Final = 0.25
"""Rated emotes that a neutral one, standing for those to come, counts as."""

MAX_SLOPE: Final = 4.0
FULL_SAY: Final = 20.0
"""Messages from which a rated emote has its full say in the line."""

REFIT: Final = 50
"""Messages after which the line is laid again."""


@dataclass(frozen=True, slots=True)
class Company:
    """What the words of a message say without its emotes: valence in [-1, 1], emotions summing to 1."""

    valence: float
    emotions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an emote means here. ``messages`` taught it, older ones less; ``known`` is its rating."""

    token: str
    rating: Rating
    messages: float
    known: Rating | None


@dataclass(slots=True)
class _Kept:
    """Sums over the messages an emote was in, as they stood at ``at``."""

    at: float
    messages: float = 0.0
    valence: float = 0.0
    emotions: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    people: int = 0
    seen: set[str] = field(default_factory=set)
    recent: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def share(self, now: float) -> float:
        """What a message of then counts now."""
        return float(0.5 ** (max(0.0, now - self.at) / HALF_LIFE))

    def add(self, company: Company, now: float) -> None:
        share = self.share(now)
        self.at = max(self.at, now)
        self.messages = share * self.messages + 1
        self.valence = share * self.valence + company.valence
        self.emotions = [share * a + b for a, b in zip(self.emotions, company.emotions, strict=True)]

    def admits(self, user: str, at: float) -> bool:
        """Note ``user``; whether they may teach now."""
        last = self.recent.get(user)
        if last is not None and abs(at - last) < AGAIN_AFTER:
            return False
        self.recent[user] = at
        self.recent.move_to_end(user)
        while len(self.recent) > MAX_RECENT or at - next(iter(self.recent.values())) >= AGAIN_AFTER:
            self.recent.popitem(last=False)
        if len(self.seen) < MIN_TEACHERS:
            self.seen.add(user)
            self.people = max(self.people, len(self.seen))
        return True


@dataclass(frozen=True, slots=True)
class _Line:
    """Rating against deviation; ``level`` and ``deviation`` are the means it goes through."""

    slope: float = 1.0
    level: float = 0.0
    deviation: float = 0.0

    def at(self, deviation: float) -> float:
        return min(1.0, max(-1.0, self.level + self.slope * (deviation - self.deviation)))


class EmoteMeanings:
    """The emotes of one channel; not safe to share between threads."""

    def __init__(self, known: Mapping[str, Rating] | None = None) -> None:
        self._known = emote_ratings() if known is None else known
        self._kept: dict[str, _Kept] = {}
        self._all = _Kept(0.0)
        self._now: float | None = None
        self._texts: deque[bytes] = deque(maxlen=MAX_RECENT)
        self._line = _Line()
        self._until_fit = REFIT
        self.unsaved = 0

    def rate(self, cues: Sequence[Cue]) -> tuple[Cue, ...]:
        """``cues`` with the emotes among them rated as they are meant here."""
        return tuple(self._rated(cue) if cue.kind == "emote" else cue for cue in cues)

    def learn(self, cues: Sequence[Cue], company: Company, user: str, text: str, at: float) -> None:
        """Take in a message of words and emotes, said at ``at`` (epoch seconds).

        ``user`` and ``text`` are keys: equal for what is the same person and the same text.
        """
        emotes = list(dict.fromkeys(cue.token for cue in cues if cue.kind == "emote"))[:MAX_TAUGHT]
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if not emotes or digest in self._texts:
            return
        self._texts.append(digest)
        now = self._goes_on(at)
        taught = [self._kept.setdefault(token, _Kept(now)) for token in emotes]
        admitted = [kept for kept in taught if kept.admits(user, at)]
        for kept in admitted:
            kept.add(company, now)
        if admitted:
            self._all.add(company, now)
            self._until_fit -= 1
            self.unsaved += 1
        if self._until_fit <= 0:
            self._line, self._until_fit = self._fitted(), REFIT
        if len(self._kept) > MAX_EMOTES:
            self._make_room()

    def meaning(self, token: str) -> Meaning | None:
        """What ``token`` means here; None if neither the lexicon nor the channel says."""
        known, kept = self._known.get(token), self._kept.get(token)
        messages = kept.messages * kept.share(self._now or kept.at) if kept else 0.0
        if kept is None or kept.people < MIN_TEACHERS or (known is None and messages < MIN_MESSAGES):
            return None if known is None else Meaning(token, known, 0.0, known)
        prior = RATED_PRIOR if known else UNRATED_PRIOR
        before = known.valence if known else 0.0
        shown = self._line.at(self._deviation(kept))
        valence = (prior * before + messages * shown) / (prior + messages)
        if known:
            valence = min(before + MAX_SHIFT, max(before - MAX_SHIFT, valence))
        emotion = known.emotion if known else _emotion(valence, kept)
        return Meaning(token, Rating(valence, emotion), messages, known)

    def meanings(self, most: int) -> list[Meaning]:
        """What was learned, the emotes with the most messages behind them first."""
        found = [meaning for token in self._kept if (meaning := self.meaning(token)) and meaning.messages]
        return sorted(found, key=lambda meaning: (-meaning.messages, meaning.token))[:most]

    def forget_user(self, user: str) -> None:
        """Remove a viewer's key, and what was taken for an emote and is their name.

        What they taught stays in sums that name nobody.
        """
        for token in [token for token in self._kept if user_key(token) == user]:
            del self._kept[token]
            self.unsaved += 1
        for kept in self._kept.values():
            kept.recent.pop(user, None)
            kept.seen.discard(user)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from: sums by emote, no viewers.

        A token without a rating that fewer than three people used is left out: it may be a name.
        """
        return {
            "all": _packed(self._all),
            "emotes": {
                token: _packed(kept)
                for token, kept in self._kept.items()
                if token in self._known or kept.people >= MIN_TEACHERS
            },
            "now": self._now,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            overall, now = _unpacked(state["all"]), state["now"]
            kept = {_token(token): _unpacked(row) for token, row in state["emotes"].items()}
            now = None if now is None else _finite(now)
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"no emote meanings: {error!r}") from error
        self._all, self._kept, self._now = overall, kept, now
        self._line = self._fitted()

    def _rated(self, cue: Cue) -> Cue:
        found = self.meaning(cue.token)
        if found is None or found.messages == 0:
            return cue
        if found.known is None and abs(found.rating.valence) < FELT:
            return cue  # nothing was learned that is worth a vote
        return replace(cue, valence=found.rating.valence, emotion=found.rating.emotion)

    def _goes_on(self, at: float) -> float:
        """Time by the messages; it never goes back, nor far ahead at once."""
        self._now = at if self._now is None else max(self._now, min(at, self._now + MAX_STEP))
        return self._now

    def _deviation(self, kept: _Kept) -> float:
        """How much kinder the words beside an emote are than those beside all of them."""
        return kept.valence / max(1e-9, kept.messages) - self._all.valence / max(1.0, self._all.messages)

    def _fitted(self) -> _Line:
        """Least squares of ratings on deviations, drawn to slope 1 through neutral while few are rated."""
        rated = [
            (min(1.0, kept.messages / FULL_SAY), known.valence, self._deviation(kept))
            for token, kept in self._kept.items()
            if kept.people >= MIN_TEACHERS and (known := self._known.get(token))
        ]
        total = LEVEL_PRIOR + sum(say for say, _, _ in rated)
        level = sum(say * rating for say, rating, _ in rated) / total
        mean = sum(say * deviation for say, _, deviation in rated) / total
        product = SLOPE_PRIOR + sum(say * (rating - level) * (d - mean) for say, rating, d in rated)
        square = SLOPE_PRIOR + sum(say * (d - mean) ** 2 for say, _, d in rated)
        return _Line(min(MAX_SLOPE, max(1 / MAX_SLOPE, product / square)), level, mean)

    def _make_room(self) -> None:
        """Let a tenth go, so that it need not be done again with the next message."""
        worth = {token: (kept.people, kept.messages) for token, kept in self._kept.items()}
        by_worth = sorted(worth, key=lambda token: worth[token], reverse=True)
        self._kept = {token: self._kept[token] for token in by_worth[: MAX_EMOTES - MAX_EMOTES // 10]}


def _emotion(valence: float, kept: _Kept) -> Emotion:
    """The emotion of that sign that words beside the emote carry most; neutral for a weak valence."""
    if abs(valence) < FELT:
        return "neutral"
    scores = dict(zip(EMOTIONS, kept.emotions, strict=True))
    return max(KIND if valence > 0 else UNKIND, key=lambda name: scores[name])


def _packed(kept: _Kept) -> list[Any]:
    return [kept.at, kept.messages, kept.valence, kept.people, list(kept.emotions)]


def _unpacked(row: Any) -> _Kept:
    at, messages, valence, people, emotions = row
    found = _Kept(_finite(at), _finite(messages), _finite(valence), list(map(_finite, emotions)), int(people))
    if len(found.emotions) != len(EMOTIONS) or found.messages < 0 or not 0 <= found.people <= MIN_TEACHERS:
        raise ValueError("no emote meanings: numbers out of range")
    return found


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or abs(number) > 1e12:
        raise ValueError("no emote meanings: a number out of range")
    return number


def _token(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError("an emote without a name")
    return token
