"""Lines in which somebody says that they want to die or hurt themselves; pure.

A list of plain statements, not a judgement: in a game's chat many are jokes. It is there so that no score of
toxicity ("die", "kill") makes such a line one that is not answered.
"""

from __future__ import annotations

import re
from typing import Final

_WANT = r"i\s*(?:'?m\s+(?:gonna|going\s+to|about\s+to)|(?:really\s+|just\s+)*(?:want\s+to|wanna|should|will))"
_DISTRESS: Final = re.compile(
    rf"\b(?:{_WANT}\s+(?:die|(?:kill|hurt|cut|harm)\s+my\s*self|end\s+(?:it\s+all|my\s+life)|be\s+dead)"
    r"|i\s*(?:'?m|am|feel)\s+(?:really\s+|so\s+)?suicidal"
    r"|i\s+(?:do\s*n[o']?t|don'?t)\s+(?:really\s+)?want\s+to\s+(?:live|be\s+alive|exist)(?:\s+any\s*more)?"
    r"|(?:no|any)\s+reason\s+to\s+(?:live|go\s+on)\s+any\s*more"
    r"|i\s+wish\s+i\s+(?:was|were)\s+dead)\b",
    re.IGNORECASE,
)


def is_distress(text: str) -> bool:
    """Whether the speaker of ``text`` says of themselves that they want to die or hurt themselves."""
    return _DISTRESS.search(text.replace("’", "'")) is not None
