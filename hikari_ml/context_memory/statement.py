"""A statement of a speaker, and the clause that it is read from; pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from hikari_ml.context_memory.evidence import FRAME, holds
from hikari_ml.text.cues import find_cues

NOW: Final = r"(?:now\s+|currently\s+|still\s+|actually\s+|just\s+|finally\s+|recently\s+|also\s+)*"
AM: Final = r"i(?:\s+am|'?m)\s+"
OBJECT: Final = r"(?P<object>[^.!?,;:()\"]+)"
ONE: Final = (
    "cat|kitten|dog|puppy|pet|hamster|horse|rabbit|bunny|parrot|snake|gecko|ferret|wife|husband|mom|mum|mother|dad"
    "|father|girlfriend|boyfriend|partner|fianc[eé]e?"
)
"""Whom people mostly have one of at a time."""
KIN: Final = f"{ONE}|brother|sister|son|daughter|baby"

LAUGHING: Final = frozenset(
    "😂 🤣 💀 😹 😆 KEKW LUL LULW LuL OMEGALUL LULE KEKL KEKLEO ICANT PepeLaugh Kappa".split()
)
"""Emoji and emotes that laugh at what is said, or say that it was a joke."""

_LAUGHTER = re.compile(
    r"\b(?:lo+l|lmf?ao+|rofl|(?:ha){2,}h?|(?:he){2,}|xd+|lulz?|lulw|kekw?|kekl\w*|jk|just\s+kidding|joking)\b",
    re.IGNORECASE,
)


def worded(text: str) -> str:
    """``text`` in words alone, as statements are read from it: cues go, and of laughter "lol" stays."""
    parts, at = [], 0
    for cue in find_cues(text):
        parts += [text[at : cue.start], " lol " if cue.token in LAUGHING else " "]
        at = cue.end
    return " ".join("".join([*parts, text[at:]]).split())


@dataclass(frozen=True, slots=True)
class Statement:
    """What a line says of its speaker: ``kind`` and ``thing`` as in the knowledge graph.

    ``slot`` names what a person has one of at a time, if this is such a thing. With ``ends`` it says that
    ``thing`` (anything, if blank) fills the slot no longer; with ``beside`` other things may fill it as well.
    ``start`` and ``end`` are where in the line it is said; an end that only follows from what is said has
    no place there, and both are 0.
    """

    kind: str
    thing: str
    slot: str | None = None
    ends: bool = False
    beside: bool = False
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause at ``text[start:end]``, and whether what is around it lets it fill a slot."""

    text: str
    start: int
    end: int
    who: str | None
    framed: bool

    @property
    def said(self) -> str:
        """The clause itself."""
        return self.text[self.start : self.end]

    @property
    def around(self) -> str:
        """The clause with what stands before and after it: of a line of a chat, mostly all."""
        return self.text[max(0, self.start - FRAME) : self.end + FRAME]

    def now(self, at: int) -> bool:
        """Whether it tells of now, as far as what is around it shows; its value ends at ``at``."""
        return not self.framed and holds(self.text, at, self.end)

    def earnest(self, at: int) -> bool:
        """:meth:`now`, and nobody laughs around it."""
        return self.now(at) and not _LAUGHTER.search(self.around)

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """``pattern`` at the beginning of the clause."""
        return pattern.match(self.text, self.start, self.end)
