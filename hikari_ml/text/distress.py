"""Lines in which somebody says that they want to die or hurt themselves; pure.

A list of plain statements, not a judgement: in a game's chat many are jokes. It is there so that no score of
toxicity ("die", "kill") makes such a line one that is not answered.
"""

from __future__ import annotations

import re
from typing import Final

_WANT = r"i\s+(?:really\s+|just\s+)*(?:want\s+to|wanna)"
_INTEND = rf"(?:{_WANT}|i\s*'?m\s+(?:gonna|going\s+to|about\s+to)|i\s+(?:should|will))"
_DISTRESS: Final = re.compile(  # "I'm gonna die" is not among them: in a game everybody is
    rf"\b(?:{_WANT}\s+(?:die|be\s+dead)"
    rf"|{_INTEND}\s+(?:(?:kill|hurt|cut|harm)\s+my\s*self|end\s+(?:it\s+all|my\s+life))"
    r"|i\s*(?:'?m|am|feel)\s+(?:really\s+|so\s+)?suicidal"
    r"|i\s+(?:do\s*n[o']?t|don'?t)\s+(?:really\s+)?want\s+to\s+(?:live\s+any\s*more|be\s+alive|exist)"
    r"|(?:no|any)\s+reason\s+to\s+(?:live|go\s+on)\s+any\s*more"
    r"|i\s+wish\s+i\s+(?:was|were)\s+dead)\b",
    re.IGNORECASE,
)


def is_distress(text: str) -> bool:
    """Whether the speaker of ``text`` says of themselves that they want to die or hurt themselves."""
    return _DISTRESS.search(text.replace("’", "'")) is not None
