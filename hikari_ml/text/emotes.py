"""What an emote means in one channel: what the lexicon says of it, moved by the words it is used beside.

The words of a message say how it is meant. Over many messages the mean of what they say, beside an emote and
less the mean beside all emotes, tells how the emote is meant here; words are milder than the emotes beside
them, so it is multiplied by a scale that the channel's own rated emotes give. A rating is a prior worth some
messages, no rating a weaker prior at neutral, and what was learned fades with time.

Nobody teaches alone: a viewer counts once in five minutes for an emote, a pasted text once, and an emote
without a rating says nothing before three people used it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hikari_ml.results import EMOTIONS, Emotion
from hikari_ml.text.cues import Cue, Rating, emote_ratings

MAX_EMOTES: Final = 2000
"""Emotes learned of; the one not seen for longest makes room."""

RATED_PRIOR: Final = 60.0
UNRATED_PRIOR: Final = 12.0
"""Messages that a rating, or having none, is worth."""

MAX_SHIFT: Final = 0.3
"""How far a channel may move a rating: laughter stays laughter where people laugh at each other."""

MIN_MESSAGES: Final = 5.0
MIN_TEACHERS: Final = 3
"""Messages and people from which an emote without a rating says something."""

HALF_LIFE: Final = 30 * 86_400.0
"""Seconds of stream time after which a message counts half."""

AGAIN_AFTER: Final = 300.0
"""Seconds in which a viewer teaches an emote once."""

RECENT_TEACHERS: Final = 64
RECENT_TEXTS: Final = 256

FELT: Final = 0.2
"""Valence from which an emote that was learned carries an emotion."""

KIND: Final[tuple[Emotion, ...]] = ("joy", "surprise")
UNKIND: Final[tuple[Emotion, ...]] = ("anger", "disgust", "fear", "sadness")

SCALE_PRIOR: Final = 0.1
"""How much it takes to move the scale from 1: a sum of squared deviations over rated emotes."""

MAX_SCALE: Final = 4.0
SCALE_MESSAGES: Final = 20.0
"""Messages from which a rated emote has its full say in the scale."""

RESCALE: Final = 50
"""Messages after which the scale is looked at again."""


@dataclass(frozen=True, slots=True)
class Company:
    """What the words of a message say without its emotes: valence in [-1, 1], emotions summing to 1."""

    valence: float
    emotions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an emote means here. ``messages`` is how many taught it, faded; ``known`` is its rating."""

    token: str
    rating: Rating
    messages: float
    known: Rating | None


@dataclass(slots=True)
class _Kept:
    """Sums over the messages an emote was in, faded to ``at``."""

    at: float
    messages: float = 0.0
    valence: float = 0.0
    emotions: list[float] = field(default_factory=lambda: [0.0] * len(EMOTIONS))
    people: int = 0
    teachers: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def fade(self, now: float) -> None:
        share = 0.5 ** (max(0.0, now - self.at) / HALF_LIFE)
        self.at = max(self.at, now)
        self.messages *= share
        self.valence *= share
        self.emotions = [value * share for value in self.emotions]

    def add(self, company: Company, at: float) -> None:
        self.fade(at)
        self.messages += 1
        self.valence += company.valence
        self.emotions = [a + b for a, b in zip(self.emotions, company.emotions, strict=True)]


class EmoteMeanings:
    """The emotes of one channel; not safe to share between threads."""

    def __init__(self, known: Mapping[str, Rating] | None = None) -> None:
        self._known = emote_ratings() if known is None else known
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._all = _Kept(0.0)
        self._texts: deque[str] = deque(maxlen=RECENT_TEXTS)
        self._scale = 1.0
        self._until_rescaled = RESCALE

    def rate(self, cues: Sequence[Cue]) -> tuple[Cue, ...]:
        """``cues`` with the emotes among them rated as they are meant here."""
        return tuple(self._rated(cue) if cue.kind == "emote" else cue for cue in cues)

    def learn(self, cues: Sequence[Cue], company: Company, user: str, text: str, at: float) -> None:
        """Take in a message of words and emotes, said at ``at`` (epoch seconds).

        ``user`` and ``text`` are keys: equal for what is the same person and the same text.
        """
        emotes = dict.fromkeys(cue.token for cue in cues if cue.kind == "emote")
        if not emotes or text in self._texts:
            return
        self._texts.append(text)
        taught = [token for token in emotes if self._teach(token, company, user, at)]
        if taught:
            self._all.add(company, at)
            self._until_rescaled -= 1
        if self._until_rescaled <= 0:
            self._scale, self._until_rescaled = self._fitted_scale(), RESCALE
        while len(self._kept) > MAX_EMOTES:
            self._kept.popitem(last=False)

    def meaning(self, token: str) -> Meaning | None:
        """What ``token`` means here; None if neither the lexicon nor the channel says."""
        known, kept = self._known.get(token), self._kept.get(token)
        if kept is None or (known is None and (kept.messages < MIN_MESSAGES or kept.people < MIN_TEACHERS)):
            return None if known is None else Meaning(token, known, 0.0, known)
        prior = RATED_PRIOR if known else UNRATED_PRIOR
        shown = min(1.0, max(-1.0, self._scale * self._deviation(kept)))
        before = known.valence if known else 0.0
        valence = (prior * before + kept.messages * shown) / (prior + kept.messages)
        if known:
            valence = min(before + MAX_SHIFT, max(before - MAX_SHIFT, valence))
        emotion = known.emotion if known else _emotion(valence, kept)
        return Meaning(token, Rating(valence, emotion), kept.messages, known)

    def meanings(self, most: int) -> list[Meaning]:
        """What was learned, the emotes with the most messages behind them first."""
        found = [meaning for token in self._kept if (meaning := self.meaning(token))]
        return sorted(found, key=lambda meaning: (-meaning.messages, meaning.token))[:most]

    def forget_user(self, user: str) -> None:
        """Remove the key of a viewer; what they taught is in sums that name nobody."""
        for kept in self._kept.values():
            kept.teachers.pop(user, None)

    def state(self) -> dict[str, Any]:
        """Plain data to go on from: sums by emote, no viewers."""
        return {
            "all": _packed(self._all),
            "emotes": {token: _packed(kept) for token, kept in self._kept.items()},
            "scale": self._scale,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what :meth:`state` gave.

        Raises:
            ValueError: it is something else.
        """
        try:
            overall = _unpacked(state["all"])
            kept = OrderedDict((str(token), _unpacked(row)) for token, row in state["emotes"].items())
            scale = min(MAX_SCALE, max(1 / MAX_SCALE, float(state["scale"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no emote meanings: {error!r}") from error
        self._all, self._kept, self._scale = overall, kept, scale

    def _rated(self, cue: Cue) -> Cue:
        found = self.meaning(cue.token)
        if found is None or found.messages == 0:
            return cue
        return replace(cue, valence=found.rating.valence, emotion=found.rating.emotion)

    def _teach(self, token: str, company: Company, user: str, at: float) -> bool:
        kept = self._kept.setdefault(token, _Kept(at))
        self._kept.move_to_end(token)
        last = kept.teachers.get(user)
        if last is not None and at - last < AGAIN_AFTER:
            return False
        kept.people += last is None
        kept.teachers[user] = at
        kept.teachers.move_to_end(user)
        while len(kept.teachers) > RECENT_TEACHERS:
            kept.teachers.popitem(last=False)
        kept.add(company, at)
        return True

    def _deviation(self, kept: _Kept) -> float:
        """How much kinder the words beside an emote are than those beside all of them."""
        return kept.valence / max(1e-9, kept.messages) - self._all.valence / max(1.0, self._all.messages)

    def _fitted_scale(self) -> float:
        """Least squares of the ratings on the deviations, drawn to 1 while there is little to go by."""
        product = square = SCALE_PRIOR
        for token, kept in self._kept.items():
            if (known := self._known.get(token)) and kept.messages > 0:
                say = min(1.0, kept.messages / SCALE_MESSAGES)
                deviation = self._deviation(kept)
                product += say * known.valence * deviation
                square += say * deviation * deviation
        return min(MAX_SCALE, max(1 / MAX_SCALE, product / square))


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
    numbers = [float(value) for value in (at, messages, valence, *emotions)]
    if len(emotions) != len(EMOTIONS) or not all(abs(value) < 1e12 for value in numbers) or numbers[1] < 0:
        raise ValueError("no emote meanings: numbers out of range")
    return _Kept(numbers[0], numbers[1], numbers[2], numbers[3:], int(people))
