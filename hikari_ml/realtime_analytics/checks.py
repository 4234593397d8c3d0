"""Refusing what cannot be counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import check_text
from hikari_ml.errors import InputError

USED_OF_AN_ANALYSIS: Final = {
    "sentiment": {"members_used", "aggregate"},
    "emotion": {"primary"},
    "toxicity": {"overall", "is_toxic"},
}
"""The parts of an analysis that are counted, beside its keywords, and what is read in each."""


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


def check_analysis(analysis: object) -> None:
    """Refuse what is no analysis of a message.

    Raises:
        InputError: it lacks what is used of one.
    """
    if analysis is None:
        return
    if not _has_what_is_used(analysis):
        raise InputError("analysis", analysis, "give what analyze_message returned, or None")


def _has_what_is_used(analysis: object) -> bool:
    if not isinstance(analysis, Mapping) or not isinstance(analysis.get("keywords"), list | tuple):
        return False
    for name, used in USED_OF_AN_ANALYSIS.items():
        part = analysis.get(name)
        if not isinstance(part, Mapping) or not part.keys() >= used:
            return False
    return True


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
