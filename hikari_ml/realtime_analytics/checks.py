"""Refusing what cannot be counted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from hikari_ml.errors import InputError

USED_OF_AN_ANALYSIS: Final = frozenset({"keywords", "sentiment", "emotion", "toxicity"})


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


def check_analysis(analysis: object) -> None:
    """Refuse what is no analysis of a message.

    Raises:
        InputError: it lacks what is used of one.
    """
    if analysis is not None and not (
        isinstance(analysis, Mapping) and analysis.keys() >= USED_OF_AN_ANALYSIS
    ):
        raise InputError("analysis", analysis, "give what analyze_message returned, or None")
