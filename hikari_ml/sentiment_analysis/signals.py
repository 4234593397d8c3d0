"""What a message gives by itself, before anything is known of its author: the blocking half of analysis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hikari_ml.chat import EmoteSpan
from hikari_ml.models.entities import Entity, EntityFinder
from hikari_ml.models.reading import TASKS, ChatReader, Reading, Task
from hikari_ml.text.cues import Cue, find_cues, without
from hikari_ml.text.keywords import keywords
from hikari_ml.text.language import UNDETERMINED, HomeLanguage, detect_language, may_be_english
from hikari_ml.text.lexical import vader_score
from hikari_ml.text.normalize import clean, same_text_key, without_links_and_mentions

MAX_LENGTH: Final = 4000
"""Characters of a message that are analysed; platforms allow 500."""

_LETTER = re.compile(r"[^\W\d_]")
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


@dataclass(frozen=True, slots=True)
class Request:
    """A message to look at; ``marked`` are emotes the platform marked in ``text``."""

    text: str
    marked: tuple[EmoteSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Signals:
    """Everything one message gives.

    ``reading`` is None where there is nothing for a model to read (a blank text, emotes or emoji alone);
    ``covered`` are the tasks the model was measured on in this language.
    """

    text: str
    text_key: str
    words: str
    language: str
    cues: tuple[Cue, ...]
    vader: float | None
    reading: Reading | None
    has_words: bool
    covered: frozenset[Task]
    entities: tuple[Entity, ...]
    keywords: tuple[str, ...]
    degraded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Parsed:
    raw: str
    text: str
    words: str
    spoken: str
    language: str
    cues: tuple[Cue, ...]
    cut: bool

    @property
    def has_letters(self) -> bool:
        return _LETTER.search(self.words) is not None


class SignalReader:
    """Reads batches of messages of one chat; everything here blocks, so it belongs in a lane."""

    def __init__(self, reader: ChatReader, entities: EntityFinder) -> None:
        self._reader = reader
        self._entities = entities
        self._home = HomeLanguage()

    def read(self, requests: Sequence[Request]) -> list[Signals]:
        """Signals of each request, in order, by one pass of the model over the batch."""
        parsed = [_parse(request, self._home) for request in requests]
        readable = [i for i, message in enumerate(parsed) if message.has_letters]
        readings = self._reader.read([parsed[i].spoken for i in readable])
        by_place = dict(zip(readable, readings, strict=True))
        return [self._signals(message, by_place.get(i)) for i, message in enumerate(parsed)]

    def _signals(self, message: _Parsed, reading: Reading | None) -> Signals:
        covered = self._covered(message)
        degraded = []
        if message.cut or (reading is not None and reading.truncated):
            degraded.append("text:truncated")
        if message.has_letters:
            degraded += [f"{task}:{message.language}" for task in TASKS if task not in covered]
        return Signals(
            text=message.text,
            text_key=same_text_key(message.text),
            words=message.words,
            language=message.language,
            cues=message.cues,
            vader=vader_score(message.words, message.language),
            reading=reading,
            has_words=message.has_letters,
            covered=covered,
            entities=tuple(self._found(message)) if message.has_letters else (),
            keywords=tuple(keywords(message.words, message.language)),
            degraded=tuple(degraded),
        )

    def _found(self, message: _Parsed) -> Iterator[Entity]:
        """Entities, placed in the text as it was sent."""
        at = 0
        for entity in self._entities.find(message.text):
            start = entity.start
            if message.text != message.raw:  # cleaning moved it; a name inside a longer word is another
                found = re.compile(rf"(?<!\w){re.escape(entity.text)}(?!\w)").search(message.raw, at)
                start = found.start() if found else -1
            if start >= 0:
                at = start + len(entity.text)
                yield Entity(entity.text, entity.label, start, at)

    def _covered(self, message: _Parsed) -> frozenset[Task]:
        """Tasks the model was measured on in this language; what is undetermined may be English."""
        language = message.language
        if language == UNDETERMINED:
            letters = _LETTER.findall(message.words)
            latin = 2 * len(_LATIN.findall(message.words)) >= len(letters)
            if not (latin and may_be_english(message.words)):
                return frozenset()
            language = "en"
        return frozenset(task for task in TASKS if language in self._reader.languages[task])


def _parse(request: Request, home: HomeLanguage) -> _Parsed:
    # Marked spans count positions in the text as it was sent, so emotes are found before cleaning.
    raw = request.text[:MAX_LENGTH]
    marked = [span for span in request.marked if span.end <= len(raw)]
    text, marked = _with_clean_text(raw, marked)
    cues = find_cues(text, marked)
    words = without_links_and_mentions(without(text, cues)).strip()
    emotes = [cue for cue in cues if cue.kind != "emoji"]
    language = detect_language(words)
    if language != UNDETERMINED or _LATIN.search(words):
        language = home.settle(language)
    cut = len(request.text) > MAX_LENGTH
    return _Parsed(request.text, text, words, without(text, emotes), language, tuple(cues), cut)


def _with_clean_text(raw: str, marked: Sequence[EmoteSpan]) -> tuple[str, list[EmoteSpan]]:
    """Clean ``raw`` and move the marked spans along; a span that cleaning broke is dropped."""
    text = clean(raw)
    if text == raw or not marked:
        return text, list(marked)
    moved, at = [], 0
    for span in sorted(marked, key=lambda span: span.start):
        token = clean(raw[span.start : span.end])
        found = text.find(token, at) if token else -1
        if found >= 0:
            at = found + len(token)
            moved.append(EmoteSpan(span.name, found, at))
    return text, moved
