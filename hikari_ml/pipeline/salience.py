"""What of a chat is worth remembering; pure.

A chat of thousands says little that matters next week. What a viewer says of themselves, a strong feeling, a
question and what was said to the streamer raise a line; a word or two, a command, a link and a repetition do
not. Every reason is kept with the memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hikari_ml.context_memory.relations import statements
from hikari_ml.context_memory.statement import worded
from hikari_ml.results import (
    Emotion,
    EmotionResult,
    MessageAnalysis,
    MessageInsights,
    Toxicity,
    ToxicityLabel,
)
from hikari_ml.sentiment_analysis.signals import MAX_LENGTH

WORTH: Final = 0.4
"""Importance from which a line is remembered."""

BASE: Final = 0.15
SHORT_WORDS: Final = 3
LONG_WORDS: Final = 8
STRONG: Final = 0.6
STRONG_ATTACK: Final = 0.7
ATTACKS: Final[tuple[ToxicityLabel, ...]] = ("insult", "threat", "identity_hate")

AROUSAL: Final[dict[Emotion, float]] = {
    "anger": 1.0,
    "fear": 1.0,
    "surprise": 1.0,
    "joy": 0.8,
    "disgust": 0.6,
    "sadness": 0.4,
    "neutral": 0.0,
}
"""How much each feeling stirs, after the circumplex of J. Russell, "A circumplex model of affect", 1980."""

Term = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Salience:
    """How important a message is, in [0, 1], as what it would be kept, and why."""

    importance: float
    type: str
    reasons: tuple[str, ...]

    @property
    def worth(self) -> bool:
        """Whether it is worth remembering."""
        return self.importance >= WORTH


NOTHING: Final = Salience(0.0, "interaction", ())


def arousal(emotion: EmotionResult) -> float:
    """How stirred the author is, in [0, 1]: what each feeling stirs, by how much of it there is."""
    felt = sum(AROUSAL[name] * share for name, share in emotion["scores"].items())
    return min(1.0, max(0.0, felt))


def salience(
    analysis: MessageAnalysis, insights: MessageInsights, streamer: str, about: str | None = None
) -> Salience:
    """Weigh one message; ``streamer`` is the channel's name, being addressed counts.

    ``about`` is whom of theirs the author spoke of just before: "her name is Mochi" is hers then.
    """
    text = analysis["text"][:MAX_LENGTH].strip()
    words = [word for word in text.split() if any(c.isalpha() for c in word)]
    if text.startswith("!") or insights["features"].get("repeats"):
        return NOTHING
    facts = _facts(text, about)
    if len(words) < SHORT_WORDS and not facts:
        return NOTHING
    terms = [*_content(analysis, facts, len(words)), *_situation(insights)]
    if re.search(rf"@{re.escape(streamer.casefold())}(?!\w)", text.casefold()):
        terms.append((0.15, "speaks to the streamer"))
    toxic = _attacks(analysis["toxicity"])
    if toxic:
        terms.append((0.15, "toxic"))
    importance = min(1.0, max(0.0, BASE + sum(weight for weight, _ in terms)))
    return Salience(importance, _type(insights, facts, toxic=toxic), tuple(why for _, why in terms))


def _facts(text: str, about: str | None) -> list[tuple[str, str]]:
    """What the author says of themselves, also of what is so no longer: that must be remembered as well.

    What only follows from it ("we broke up": engaged no longer) is not said.
    """
    found = [
        each for each in statements(worded(text), about) if each.thing and not (each.ends and not each.end)
    ]
    facts = ((f"no longer {each.kind}" if each.ends else each.kind, each.thing) for each in found)
    return list(dict.fromkeys(facts))


def _content(analysis: MessageAnalysis, facts: list[tuple[str, str]], words: int) -> Iterator[Term]:
    """What the words themselves weigh."""
    if facts:
        said = ", ".join(f"{kind} {thing}" for kind, thing in facts[:2])
        yield 0.35, f"says of themselves: {said}"
    emotion = analysis["emotion"]
    if emotion["primary"] != "neutral" and emotion["confidence"] >= STRONG:
        yield 0.15, f"feels {emotion['primary']}"
    if named := [e["text"] for e in analysis["entities"] if not _is_mention(analysis["text"], e["start"])]:
        yield 0.05, f"names {named[0]}"
    if words >= LONG_WORDS:
        yield 0.1, "says more than a few words"


def _is_mention(text: str, start: int) -> bool:
    """Whether the name at ``start`` is only there to say whom the line answers."""
    return text[start - 1 : start] == "@"


def _attacks(toxicity: Toxicity) -> bool:
    """Whether it goes against someone; swearing alone is no incident."""
    aimed = max(toxicity["categories"][name] for name in ATTACKS)
    return toxicity["is_toxic"] and aimed >= STRONG_ATTACK


def _situation(insights: MessageInsights) -> Iterator[Term]:
    """What the moment weighs."""
    features = insights["features"]
    if features.get("question"):
        yield 0.1, "asks"
    if features.get("newcomer"):
        yield 0.1, "first message"
    if features.get("links"):
        yield -0.15, "is a link"


def _type(insights: MessageInsights, facts: list[tuple[str, str]], *, toxic: bool) -> str:
    if toxic:
        return "incident"
    if facts:
        return "fact"
    return "question" if insights["features"].get("question") else "interaction"
