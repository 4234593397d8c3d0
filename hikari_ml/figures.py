"""Numbers as people write them."""

from __future__ import annotations

from math import floor, isfinite, log10
from typing import Final

PLAIN: Final = (1e-6, 1e15)
"""What lies between is told without an exponent."""


def told(value: float, digits: int = 4) -> str:
    """``value`` to so many significant digits, whole ones to all of theirs: 1,234,567 or 0.0123."""
    if value == 0:
        return "0"
    if not isfinite(value) or not PLAIN[0] <= abs(value) < PLAIN[1]:
        return f"{value:.{digits}g}"
    decimals = max(0, digits - 1 - floor(log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
