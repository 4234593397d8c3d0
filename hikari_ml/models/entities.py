"""Named entities of a chat line, through spaCy.

With ``en_core_web_sm`` installed its recogniser is used; otherwise a blank pipeline with rules finds
mentions, games, names with an honorific (さん, 님 ...) and capitalised names inside a sentence.
"""

from __future__ import annotations

import importlib.util
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, Final

from hikari_ml.errors import ModelError
from hikari_ml.text.cues import find_cues, masked
from hikari_ml.text.normalize import MENTION
from hikari_ml.text.stopwords import stop_words

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

ENGLISH_MODEL: Final = "en_core_web_sm"
MAX_LENGTH: Final = 2000
"""Characters looked at; a chat line is shorter, a pasted wall of text need not be read whole."""

WORDS_KEPT: Final = 50_000
"""Words and their forms that spaCy may have met, some 25 MB; with the rules, beginning anew takes 0.13 s."""

NOBODY: Final = frozenset({"user", "everyone", "here", "channel"})
"""Mentions that name no one."""

_HONORIFIC = re.compile(
    r"([\u3040-\u30ff\u4e00-\u9fffー]{1,10}?)(?:さん|ちゃん|くん|君|様|さま|先輩|せんぱい|先生|たん)"
    r"|([\uac00-\ud7af]{2,8})(?:님|씨)"
)


@dataclass(frozen=True, slots=True)
class Entity:
    """A name in a text: ``text[start:end]``, with a spaCy-style label (PERSON, GAME, ORG ...)."""

    text: str
    label: str
    start: int
    end: int


class EntityFinder:
    """Finds entities, about 0.1 ms a line; spaCy, which takes a second, is loaded by the first to need it.

    Raises (on loading):
        ModelError: the spaCy model that is installed cannot be loaded.
    """

    def __init__(self) -> None:
        self.method = ENGLISH_MODEL if importlib.util.find_spec(ENGLISH_MODEL) else "rules"
        self._openings = frozenset(_opening(title) for title in _games())
        self._nlp: Language | None = None
        self._most = 0

    def load(self) -> None:
        """Load spaCy unless that is done, where no line should have to wait for it."""
        self._loaded()

    def _loaded(self) -> Language:
        """What reads; it keeps every word it meets, so after many it begins anew."""
        if self._nlp is None or len(self._nlp.vocab.strings) > self._most:
            self._nlp = _pipeline(self.method)
            self._most = len(self._nlp.vocab.strings) + WORDS_KEPT
        return self._nlp

    def find(self, text: str) -> list[Entity]:
        """Entities of ``text`` in order, without overlap."""
        text = text[:MAX_LENGTH]
        text = masked(text, find_cues(text))  # an emote is capitalised like a name and is none
        found = [*_mentions(text), *_honorifics(text)]
        if self.method != "rules" or self._may_name(text):
            document = self._loaded()(text)
            found += [
                Entity(span.text, span.label_, span.start_char, span.end_char) for span in document.ents
            ]
            if self.method == "rules":
                found += _inner_names(document)
        return _without_overlap(found)

    def _may_name(self, text: str) -> bool:
        """Whether the rules can find anything: a capital, or how the title of a game begins."""
        folded = text.lower()
        return any(map(str.isupper, text)) or any(opening in folded for opening in self._openings)


def _pipeline(method: str) -> Language:
    spacy = import_spacy()
    before: dict[str, Any] = {}
    nlp: Language
    if method == ENGLISH_MODEL:
        try:
            nlp, before = spacy.load(ENGLISH_MODEL, exclude=["parser", "lemmatizer"]), {"before": "ner"}
        except (OSError, ImportError, ValueError) as error:
            raise ModelError(
                ENGLISH_MODEL, f"cannot be loaded; install it anew or remove it: {error}"
            ) from error
    else:
        nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"}, **before)
    ruler.add_patterns([{"label": "GAME", "pattern": title} for title in _games()])
    return nlp


def _opening(title: str) -> str:
    """How every mention of ``title`` begins: its first word, or what is before its punctuation."""
    match = re.match(r"\w{2,}|\S+", title)
    assert match is not None, "no title is empty"
    return match[0].lower()


def _games() -> list[str]:
    return (resources.files("hikari_ml.models") / "gazetteer_games.txt").read_text("utf-8").splitlines()


def import_spacy() -> Any:
    """Import spaCy without the 250 MB of torch that its backend would load and never use here.

    The backend (thinc) looks for torch once, while it is imported; a torch already loaded is left alone.
    """
    with _HiddenTorch():
        import spacy
    return spacy


class _HiddenTorch(MetaPathFinder):
    """While it is entered, this thread alone finds no torch."""

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Refuse torch to the thread that asked for it to be hidden; know nothing else."""
        if fullname == "torch" and threading.get_ident() == self._thread:
            raise ModuleNotFoundError("torch is not needed here", name="torch")


def _mentions(text: str) -> Iterator[Entity]:
    for match in MENTION.finditer(text):
        if len(match.group(1)) > 1 and match.group(1).casefold() not in NOBODY:
            yield Entity(match.group(1), "PERSON", match.start(1), match.end(1))


def _honorifics(text: str) -> Iterator[Entity]:
    if text.isascii():
        return
    for match in _HONORIFIC.finditer(text):
        group = 1 if match.group(1) else 2
        yield Entity(match.group(group), "PERSON", match.start(group), match.end(group))


def _inner_names(document: Doc) -> Iterator[Entity]:
    """Runs of capitalised words that do not open a sentence; shouting says nothing about names."""
    if document.text.isupper():
        return
    run: list[int] = []
    for token in document:
        named = (
            token.is_title and token.is_alpha and len(token.text) > 1 and token.lower_ not in stop_words("en")
        )
        if named and (run or not _opens_sentence(document, token.i)):
            run.append(token.i)
            continue
        if run:
            yield _entity(document[run[0] : run[-1] + 1])
        run = []
    if run:
        yield _entity(document[run[0] : run[-1] + 1])


def _opens_sentence(document: Doc, position: int) -> bool:
    return position == 0 or document[position - 1].is_punct or document[position - 1].is_quote


def _entity(span: Span) -> Entity:
    return Entity(span.text, "NAME", span.start_char, span.end_char)


def _without_overlap(found: list[Entity]) -> list[Entity]:
    kept: list[Entity] = []
    for entity in sorted(found, key=lambda e: (e.start, e.start - e.end)):
        if not kept or entity.start >= kept[-1].end:
            kept.append(entity)
    return kept
