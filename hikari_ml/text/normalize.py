"""Making chat text readable without changing what it says.

:func:`clean` removes what no reader sees (zero-width and control characters, lone surrogates).
:func:`for_model` is the form the neural model was trained on and must be given.
:func:`same_text_key` folds away case, punctuation and elongation, to recognise a repeated line, and
:func:`same_statement_key` only what never changes what is said.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import emoji

MAX_REPEATS: Final = 3
"""How often a word or emoji may follow itself before the rest is dropped (copypasta, emote walls)."""

LINK: Final = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
MENTION: Final = re.compile(r"(?<![\w@])@(\w+)")
"""``@name``, the name in group 1; not the middle of a mail address."""

_ELONGATION = re.compile(r"([^\W\d_])\1{2,}")
_PUNCTUATION_RUN = re.compile(r"([!-/:-@\[-`{-~])\1{2,}")
_SYMBOL_RUN = re.compile(r"([^\x00-\x7f\w\s]\ufe0f?)(?:\s?\1){2,}")
_SKIN_TONE = re.compile("[\U0001f3fb-\U0001f3ff]")
_SPACE = re.compile(r"\s+")
_NOT_WORD = re.compile(r"[^\w\s]|_")
_PRESENTATION = re.compile("[\ufe0e\ufe0f]")

_ZWJ, _ZWNJ = "\u200d", "\u200c"
_INVISIBLE = re.compile(
    "["
    "\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"  # control characters
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\uffa0"
    "\ud800-\udfff"  # a lone surrogate has no meaning and no UTF-8 form
    "\U000e0000\U000e0001"
    "]"
)
# Tag characters spell the flags of Scotland, Wales and England after U+1F3F4, and are noise elsewhere.
_STRAY_TAGS = re.compile("(?<![\U0001f3f4\U000e0020-\U000e007f])[\U000e0020-\U000e007f]+")
# A joiner between Latin, Greek or Cyrillic letters only hides a word from filters.
_STRAY_JOINER = re.compile(f"(?<=[\u0000-\u052f])[{_ZWJ}{_ZWNJ}]|[{_ZWJ}{_ZWNJ}](?=[\u0000-\u052f]|$)")


def clean(text: str) -> str:
    """Return ``text`` without invisible characters and with every run of white space made one space.

    Joiners that emoji sequences and Indic or Persian words need are kept; lone surrogates go, so
    that the result always has a UTF-8 form.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    text = _INVISIBLE.sub("", text)
    text = _STRAY_TAGS.sub("", text)
    text = _STRAY_JOINER.sub("", text)
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def for_model(text: str) -> str:
    """Return cleaned ``text`` in the form the bundled model was trained on.

    Links become ``http``, mentions ``@user``, emoji their names in words, elongations two letters
    (``sooooo`` -> ``soo``), and a word repeated many times stays three times.
    """
    text = LINK.sub("http", text)
    text = MENTION.sub("@user", text)
    text = collapse_elongation(text)
    if not text.isascii():
        text = _SYMBOL_RUN.sub(r"\1\1", _SKIN_TONE.sub("", text))
        text = emoji.replace_emoji(text, _spoken)
    return drop_repeats(text)


def without_links_and_mentions(text: str) -> str:
    """Return ``text`` with a space in place of each link and mention: the words that were said."""
    return MENTION.sub(" ", LINK.sub(" ", text))


def collapse_elongation(text: str) -> str:
    """Shorten letters and punctuation repeated three times or more: two letters, three marks."""
    text = _ELONGATION.sub(r"\1\1", text)
    return _PUNCTUATION_RUN.sub(r"\1\1\1", text)


def drop_repeats(text: str, most: int = MAX_REPEATS) -> str:
    """Keep at most ``most`` of a word that follows itself."""
    kept: list[str] = []
    run = 0
    for word in text.split():
        run = run + 1 if kept and kept[-1] == word else 1
        if run <= most:
            kept.append(word)
    return " ".join(kept)


def same_text_key(text: str) -> str:
    """Return the key under which two lines count as the same line.

    Case, punctuation, white space and elongation are folded away; numbers are kept, because
    "I have 2 cats" and "I have 3 cats" differ. Text without any letter or digit (an emoji, ``?!``)
    is its own key.
    """
    folded = unicodedata.normalize("NFKC", clean(text)).casefold()
    words = _NOT_WORD.sub(" ", _ELONGATION.sub(r"\1\1", folded)).split()
    return " ".join(words) if words else folded


def same_statement_key(text: str) -> str:
    """Return the key under which two lines say the same thing.

    Stricter than :func:`same_text_key`: symbols, emoji and combining marks are kept, because "C++" and
    "C#", a thumb up and a thumb down, and most Hindi words differ by nothing else. Only case, white space,
    compatibility forms, elongation, and exclamation marks and full stops at the end are folded away.
    """
    folded = unicodedata.normalize("NFKC", _PRESENTATION.sub("", clean(text))).casefold()
    plain = _SPACE.sub(" ", unicodedata.normalize("NFKC", collapse_elongation(folded))).strip()
    return plain.rstrip("!. ") or plain


def _spoken(symbol: str, data: dict[str, str]) -> str:
    name = data.get("en", "").strip(":").replace("_", " ").replace("-", " ")
    return f" {name} " if name else symbol
