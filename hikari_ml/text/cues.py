"""What a message says without words: emoji, platform emotes and kaomoji.

An emoji is one grapheme whatever its skin tone, gender or variation selector, and is looked up whole,
then by its first part. A platform emote is a word of its own, exact in case; spans the platform marked
win over the lexicon. An emote that nobody has rated still counts as no word: one that the platform marked,
or one written as a channel's emotes are, a lower-case prefix and a capital (``annaHype``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain
from typing import Final, Literal

import emoji

from hikari_ml.chat import EmoteSpan
from hikari_ml.results import EMOTIONS, Emotion

CueKind = Literal["emoji", "emote", "kaomoji"]

_IGNORED = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
_ZWJ: Final = "\u200d"
_WORD = re.compile(r"\S+")
_CHANNEL_EMOTE = re.compile(r"[a-z][a-z0-9]{2,9}[A-Z][A-Za-z0-9]+")
_JAPANESE_LAUGHTER = re.compile(r"(?<![a-z0-9])[wｗ]{2,}(?![a-z0-9])|草+(?=\s|$)|8{4,}(?!\d)")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Cue:
    """One emoji, emote or kaomoji at ``text[start:end]``.

    ``valence`` lies in [-1, 1]; None means that nobody has rated it.
    """

    token: str
    start: int
    end: int
    kind: CueKind
    valence: float | None
    emotion: Emotion


@dataclass(frozen=True, slots=True)
class Rating:
    """What a lexicon says of a token."""

    valence: float
    emotion: Emotion


def find_cues(text: str, marked: Sequence[EmoteSpan] = ()) -> list[Cue]:
    """Every cue in ``text``, in order and without overlap; ``marked`` are spans the platform gave."""
    found: list[Cue] = []
    taken = bytearray(len(text))
    spans = (_marked(text, span) for span in marked if _is_within(text, span))
    for cue in chain(spans, _emoji(text), _words(text), _kaomoji(text)):
        if not any(taken[cue.start : cue.end]):
            taken[cue.start : cue.end] = b"\x01" * (cue.end - cue.start)
            found.append(cue)
    return sorted(found, key=lambda cue: cue.start)


def without(text: str, cues: Iterable[Cue]) -> str:
    """``text`` with a space in the place of every cue."""
    parts, at = [], 0
    for cue in cues:
        parts += [text[at : cue.start], " "]
        at = cue.end
    return " ".join("".join([*parts, text[at:]]).split())


def masked(text: str, cues: Iterable[Cue]) -> str:
    """``text`` with every character of a cue made a space, so that positions stay what they were."""
    characters = list(text)
    for cue in cues:
        characters[cue.start : cue.end] = " " * (cue.end - cue.start)
    return "".join(characters)


def valence_score(cues: Iterable[Cue]) -> float | None:
    """Mean valence of the distinct rated cues on the [0, 1] scale, or None if there is none.

    Each distinct token counts once, however often it is repeated.
    """
    rated = {canonical(cue.token): cue.valence for cue in cues if cue.valence is not None}
    if not rated:
        return None
    return (sum(rated.values()) / len(rated) + 1) / 2


def emotion_distribution(cues: Iterable[Cue]) -> dict[Emotion, float] | None:
    """Emotions of the distinct rated cues, summing to 1; a weak valence leaves more to neutral."""
    rated = {canonical(cue.token): cue for cue in cues if cue.valence is not None}
    if not rated:
        return None
    scores: dict[Emotion, float] = dict.fromkeys(EMOTIONS, 0.0)
    for cue in rated.values():
        strength = min(1.0, 0.5 + 0.5 * abs(cue.valence or 0.0)) if cue.emotion != "neutral" else 1.0
        scores[cue.emotion] += strength / len(rated)
        scores["neutral"] += (1.0 - strength) / len(rated)
    return scores


def canonical(token: str) -> str:
    """``token`` without variation selectors and skin tones."""
    return _IGNORED.sub("", token)


def _is_within(text: str, span: EmoteSpan) -> bool:
    return 0 <= span.start < span.end and bool(text[span.start : span.end].strip())


def _marked(text: str, span: EmoteSpan) -> Cue:
    token = text[span.start : span.end]
    rating = emote_ratings().get(token) or emote_ratings().get(span.name)
    return _cue(token, span.start, "emote", rating)


def _emoji(text: str) -> Iterator[Cue]:
    if text.isascii():
        return
    for match in emoji.emoji_list(text):
        token = match["emoji"]
        base = canonical(token)
        rating = emoji_ratings().get(base) or emoji_ratings().get(base.split(_ZWJ)[0])
        yield _cue(token, match["match_start"], "emoji", rating)


def _words(text: str) -> Iterator[Cue]:
    emotes, faces = emote_ratings(), kaomoji_ratings()
    for match in _WORD.finditer(text):
        token = match.group()
        if rating := emotes.get(token):
            yield _cue(token, match.start(), "emote", rating)
        elif rating := faces.get(token):
            yield _cue(token, match.start(), "kaomoji", rating)
        elif not token.islower() and _CHANNEL_EMOTE.fullmatch(token):
            yield _cue(token, match.start(), "emote", None)


def _kaomoji(text: str) -> Iterator[Cue]:
    if not text.isascii():
        for face in _long_kaomoji():
            at = text.find(face)
            while at >= 0:
                yield _cue(face, at, "kaomoji", kaomoji_ratings()[face])
                at = text.find(face, at + len(face))
    if _JAPANESE.search(text):
        for match in _JAPANESE_LAUGHTER.finditer(text.casefold()):
            yield _cue(match.group(), match.start(), "kaomoji", kaomoji_ratings()["草"])


def _cue(token: str, start: int, kind: CueKind, rating: Rating | None) -> Cue:
    end = start + len(token)
    if rating is None:
        return Cue(token, start, end, kind, None, "neutral")
    return Cue(token, start, end, kind, rating.valence, rating.emotion)


@cache
def emoji_ratings() -> dict[str, Rating]:
    """The emoji lexicon, by canonical form."""
    return _read("emoji.tsv")


@cache
def emote_ratings() -> dict[str, Rating]:
    """The emote lexicon, by exact name."""
    return _read("emotes.tsv")


@cache
def kaomoji_ratings() -> dict[str, Rating]:
    """The kaomoji lexicon, by exact form."""
    return _read("kaomoji.tsv")


@cache
def _long_kaomoji() -> tuple[str, ...]:
    """Faces that are safe to find inside a run of text without spaces: those in brackets."""
    faces = [face for face in kaomoji_ratings() if len(face) >= 4 and not face.isascii()]
    return tuple(sorted(faces, key=len, reverse=True))


def _read(name: str) -> dict[str, Rating]:
    ratings: dict[str, Rating] = {}
    lines = (resources.files("hikari_ml.text") / "lexicons" / name).read_text("utf-8").splitlines()
    for line in lines:
        if not line.startswith("# "):
            token, valence, emotion = line.split("\t")[:3]
            assert emotion in EMOTIONS, f"{name}: {line}"
            ratings[token] = Rating(float(valence), emotion)
    return ratings
