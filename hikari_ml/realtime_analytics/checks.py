"""Refusing what cannot be counted."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import check_text
from hikari_ml.errors import InputError
from hikari_ml.results import EMOTIONS


class Used(NamedTuple):
    """What is counted of an analysis; ``aggregate`` and ``emotion`` only where a member had evidence."""

    keywords: object
    members_used: object
    aggregate: object
    emotion: object
    toxicity: object
    is_toxic: object


def check_number(value: object, name: str) -> float:
    """``value`` as a finite number.

    Raises:
        InputError: it is none.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        found = float(value) if number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InputError(name, value, "give a finite number")
    return found


def check_id(message_id: str | None) -> None:
    """Refuse an id that is no text; None is none.

    Raises:
        InputError: it is something else.
    """
    if message_id is not None:
        check_text(message_id, "message_id")


def check_whole(value: object, name: str, low: int = -(2**63), high: int = 2**63 - 1) -> int:
    """``value`` as a whole number from ``low`` to ``high``.

    Raises:
        InputError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(name, value, f"give a whole number from {low} to {high}")
    return value


def check_file(path: object) -> Path:
    """``path`` as that of a file, which need not exist.

    Raises:
        InputError: it is none, has no name, or holds what no file's name can.
    """
    try:
        named = isinstance(path, str | Path) and Path(path).name not in ("", "..")
        usable = named and b"\0" not in os.fsencode(path)  # type: ignore[arg-type]
    except UnicodeEncodeError:
        usable = False
    if not usable:
        raise InputError("path", path, "give the path of a file")
    return Path(path)  # type: ignore[arg-type]


def check_analysis(analysis: object) -> None:
    """Refuse what is no analysis of a message.

    Where no member of the vote had evidence, mood and emotion are not counted, and may be anything.

    Raises:
        InputError: it lacks what is used of one, or a value of that is none; ``field`` says which.
    """
    if analysis is None:
        return
    used = _used_of(analysis)
    for word in _sequence(used.keywords, "analysis.keywords"):
        if not isinstance(word, str):
            raise InputError("analysis.keywords", word, "give words")
    _check_share(used.toxicity, "analysis.toxicity.overall")
    if not isinstance(used.is_toxic, bool):
        raise InputError("analysis.toxicity.is_toxic", used.is_toxic, "give True or False")
    if _sequence(used.members_used, "analysis.sentiment.members_used"):
        _check_felt(used.aggregate, used.emotion)


def _used_of(analysis: object) -> Used:
    if isinstance(analysis, Mapping):
        try:
            sentiment, toxicity = analysis["sentiment"], analysis["toxicity"]
            return Used(
                analysis["keywords"],
                sentiment["members_used"],
                sentiment["aggregate"],
                analysis["emotion"]["primary"],
                toxicity["overall"],
                toxicity["is_toxic"],
            )
        except (LookupError, TypeError):
            pass
    raise InputError("analysis", analysis, "give what analyze_message returned, or None")


def _sequence(value: object, name: str) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise InputError(name, value, "give a list")
    return value


def _check_felt(aggregate: object, emotion: object) -> None:
    if not isinstance(aggregate, Mapping) or "score" not in aggregate:
        raise InputError("analysis.sentiment.aggregate", aggregate, "give a mapping with a score")
    _check_share(aggregate["score"], "analysis.sentiment.aggregate.score")
    if not isinstance(emotion, str) or emotion not in EMOTIONS:
        raise InputError("analysis.emotion.primary", emotion, f"give one of {', '.join(EMOTIONS)}")


def _check_share(value: object, name: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InputError(name, value, "give a number from 0 to 1")


def check_vector(embedding: npt.ArrayLike | None) -> npt.NDArray[np.float32] | None:
    """``embedding`` as a vector, shape (d,); None stays None.

    Raises:
        InputError: it is no vector of finite numbers.
    """
    if embedding is None:
        return None
    try:
        vector = np.asarray(embedding, np.float32)
    except (TypeError, ValueError):
        vector = np.zeros(0, np.float32)
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise InputError("embedding", embedding, "give a vector of finite numbers, or None")
    return vector
