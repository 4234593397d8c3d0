"""What is measured of one message; pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from typing import Final, NamedTuple

from hikari_ml.chat import user_key
from hikari_ml.results import Emotion, MessageAnalysis
from hikari_ml.text.cues import Cue, emotion_distribution, find_cues, valence_score, without
from hikari_ml.text.lexical import vader_score
from hikari_ml.text.normalize import LINK, MENTION, clean, same_text_key

NUMERIC: Final = (
    "length",
    "caps",
    "symbols",
    "repetition",
    "emotes",
    "links",
    "mentions",
    "toxicity",
    "own_rate",
)
"""Names of the numbers in :meth:`MessageFeatures.vector`, in order."""

MAX_LENGTH: Final = 4000
"""Characters of a message that are measured."""

SHORT_WORDS: Final = 2

MAX_CHORUS: Final = 24
"""Characters of a line that is one of a chorus at most."""

CHORUS_LINES: Final = 3
"""Lines of one author within a minute that are: a lone flood is no chorus."""

_PLAIN_ENDINGS = "com|net|org|info|biz|tv|xyz|app|dev|ly|edu|gov|ru|io|ws|cc|co\\.uk"
_WORDLIKE_ENDINGS = (
    "ai|at|be|br|ca|ch|click|club|co|cz|de|es|eu|fr|fun|gd|gg|gl|in|is|it|jp|link|live|me|nl|no|online|pl|"
    "pro|sh|shop|site|so|space|store|stream|to|top|uk|us|vip|win|wtf"
)
_DOMAIN = re.compile(  # "nice.gg" may only lack a space: an ending that is a word too needs a path
    r"(?<![\w@.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    rf"(?:(?:{_PLAIN_ENDINGS})(?![\w-])|(?:{_WORDLIKE_ENDINGS})/[\w-])\S*",
    re.IGNORECASE,
)


class MessageFeatures(NamedTuple):
    """Numbers of one message; of its text there are only digests, topics and what a chorus may say.

    ``who`` is its author's key, ``key`` that of the line, ``phrase`` whether it has several words. ``length``
    is ln(1 + characters); ``caps``, ``symbols`` and ``repetition`` are shares in [0, 1]; ``own_rate`` is how
    many messages its author sent in the minute before. ``mood`` in [0, 1] is None where nothing speaks.
    ``gist`` is of what makes it another line than the one before: without words, the emotes and emoji in it,
    however often; else the words, each run of one counted once. ``short`` is a line of two words at most;
    ``command`` one that a program is meant to answer (``!uptime``). ``chorus`` is a short line whole
    (``gg``), folded and without its emotes, that others may say too; empty for any other line.
    """

    at: datetime
    username: str
    who: str
    key: bytes
    phrase: bool
    gist: bytes
    short: bool
    command: bool
    length: float
    caps: float
    symbols: float
    repetition: float
    cues: tuple[str, ...]
    emotes: int
    links: int
    mentions: int
    question: bool
    toxicity: float
    toxic: bool
    mood: float | None
    emotion: Emotion | None
    topics: tuple[str, ...]
    own_rate: int
    chorus: str

    @property
    def engages(self) -> bool:
        """Whether it talks to somebody: a mention or a question."""
        return self.mentions > 0 or self.question

    def vector(self) -> list[float]:
        """The numbers of :data:`NUMERIC`, in order."""
        return [
            self.length,
            self.caps,
            self.symbols,
            self.repetition,
            math.log1p(self.emotes),
            float(self.links),
            float(self.mentions),
            self.toxicity,
            math.log1p(self.own_rate),
        ]


class _Felt(NamedTuple):
    mood: float | None
    emotion: Emotion | None
    toxicity: float
    toxic: bool


def measure(
    username: str,
    text: str,
    at: datetime,
    analysis: MessageAnalysis | None,
    topics: tuple[str, ...],
    own_rate: int,
) -> MessageFeatures:
    """Measure a message; feeling comes from ``analysis``, or from the lexicons if there is none."""
    cleaned = clean(text[:MAX_LENGTH])
    cues = find_cues(cleaned)
    words = without(cleaned, cues)
    letters = list(filter(str.isalpha, words))
    tokens = cleaned.casefold().split()
    felt = _analysed(analysis) if analysis is not None else _lexical(words, cues)
    key = same_text_key(cleaned)
    links, mentions = _links(cleaned), len(MENTION.findall(cleaned))
    short = len(words.split()) <= SHORT_WORDS
    command = cleaned.startswith("!") and len(cleaned) > 1
    sings = short and not (links or mentions or command) and own_rate < CHORUS_LINES
    return MessageFeatures(
        at=at,
        username=username,
        who=user_key(username),
        key=digest(key),
        phrase=" " in key,
        gist=digest(_gist(key, letters, cues)),
        short=short,
        command=command,
        length=math.log1p(len(cleaned)),
        caps=_share(letters, str.isupper),
        symbols=_symbols(cleaned),
        repetition=1 - len(set(tokens)) / len(tokens) if tokens else 0.0,
        cues=tuple(dict.fromkeys(cue.token for cue in cues)),
        emotes=len(cues),
        links=links,
        mentions=mentions,
        question="?" in words and bool(letters),
        toxicity=felt.toxicity,
        toxic=felt.toxic,
        mood=felt.mood,
        emotion=felt.emotion,
        topics=topics,
        own_rate=own_rate,
        chorus=_chorus(same_text_key(words) if cues else key) if sings else "",
    )


def _links(text: str) -> int:
    """How many addresses there are, also without ``https://``."""
    if "." not in text and "://" not in text:
        return 0
    return len(LINK.findall(text)) + len(_DOMAIN.findall(LINK.sub(" ", text)))


def digest(text: str) -> bytes:
    """Eight bytes that tell lines, names and ids apart and do not give them away."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()


def _chorus(line: str) -> str:
    return line if len(line) <= MAX_CHORUS else ""


def _gist(key: str, letters: list[str], cues: list[Cue]) -> str:
    if not letters and cues:
        return " ".join(sorted({cue.token for cue in cues}))
    return " ".join(word for word, _ in groupby(key.split())) or key


def _analysed(analysis: MessageAnalysis) -> _Felt:
    spoke = bool(analysis["sentiment"]["members_used"])
    return _Felt(
        analysis["sentiment"]["aggregate"]["score"] if spoke else None,
        analysis["emotion"]["primary"] if spoke else None,
        analysis["toxicity"]["overall"],
        analysis["toxicity"]["is_toxic"],
    )


def _lexical(words: str, cues: list[Cue]) -> _Felt:
    scores = [s for s in (vader_score(words, "und"), valence_score(cues)) if s is not None]
    emotions = emotion_distribution(cues)
    emotion = _largest(emotions) if emotions is not None else None
    mood = sum(scores) / len(scores) if scores else None
    return _Felt(mood, emotion, toxicity=0.0, toxic=False)


def _largest(emotions: dict[Emotion, float]) -> Emotion:
    return max(emotions, key=emotions.__getitem__)


def _share(characters: str | list[str], wanted: Callable[[str], bool]) -> float:
    return sum(map(wanted, characters)) / len(characters) if characters else 0.0


def _symbols(text: str) -> float:
    """The share that is neither letter, digit nor space."""
    return max(0.0, 1 - _share(text, str.isalnum) - _share(text, str.isspace)) if text else 0.0
