"""What people say of themselves: relations from a speaker's own first-person lines; pure.

Only the speaker's statements count: not questions, not what they quote, not what others say of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MAX_WORDS: Final = 4
"""Longest object of a relation, in words."""

_OBJECT = r"(?P<object>[^.!?,;:()\"]+)"
_SELF = r"(?:^|[.!?,;]\s*|\b(?:and|but|because|so|btw|lol|well|yes|yeah|no)\s+)"
_CONDITION = (
    r"vegan|vegetarian|deaf|blind|colou?r[- ]?blind|pregnant|married|engaged|divorced|autistic|diabetic"
    r"|left[- ]handed|\d{1,2}\s+years?\s+old"
)
_CALLING = (
    r"(?:\w+\s+){0,2}(?:nurse|doctor|teacher|student|developer|programmer|engineer|designer|artist|musician|singer|dancer"
    r"|writer|photographer|streamer|chef|cook|baker|barista|lawyer|mechanic|electrician|plumber|carpenter|driver|pilot"
    r"|soldier|veteran|firefighter|paramedic|scientist|accountant|farmer|librarian|freelancer|vegetarian|vegan"
    r"|mom|mum|mother|dad|father|parent|twin|fan)"
)
_KIN = (
    "cat|dog|pet|hamster|horse|brother|sister|wife|husband|son|daughter|mom|mum|mother|dad|father"
    "|girlfriend|boyfriend|partner|fianc[eé]e?"
)
_PATTERNS: Final = tuple(
    (kind, re.compile(_SELF + pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "dislikes",
            rf"i\s+(?:really\s+|just\s+|also\s+)?(?:hate|dislike|despise|can'?t\s+stand)\s+{_OBJECT}",
        ),
        (
            "dislikes",
            rf"i\s+(?:really\s+)?(?:do\s*n[o']?t|don'?t)\s+(?:really\s+)?(?:like|enjoy|love)\s+{_OBJECT}",
        ),
        ("likes", rf"i\s+(?:really\s+|just\s+|also\s+|still\s+)*(?:love|like|enjoy|adore)\s+{_OBJECT}"),
        (
            "plays",
            rf"i(?:\s+am|'?m)?\s+(?:mostly\s+|also\s+|still\s+|usually\s+)?(?:play|main|playing)\s+{_OBJECT}",
        ),
        ("has", r"i\s+(?:have|own|got)\s+(?P<object>(?:an?|one|two|three|four|five|\d+)\s+[^.!?,;:()\"]+)"),
        ("lives in", rf"i(?:\s+live\s+in|\s+am\s+from|'?m\s+from|\s+come\s+from)\s+{_OBJECT}"),
        ("works as", rf"i\s+work\s+as\s+{_OBJECT}"),
        ("studies", rf"i(?:\s+am|'?m)?\s+(?:study|studying)\s+{_OBJECT}"),
        ("is called", rf"(?:my\s+name\s+is|call\s+me)\s+{_OBJECT}"),
        ("is", rf"i(?:\s+am|'?m)\s+(?:also\s+)?(?P<object>{_CONDITION})\b"),
        ("is", rf"i(?:\s+am|'?m)\s+an?\s+(?!(?:big|huge|massive)\s+fan\b)(?P<object>{_CALLING})\b"),
        ("speaks", rf"i\s+(?:also\s+|only\s+)?speak\s+{_OBJECT}"),
        ("has birthday", rf"my\s+birthday\s+is\s+(?:on\s+)?{_OBJECT}"),
        ("has", r"i\s+just\s+(?:got|started|bought)\s+(?:an?|my)\s+(?P<object>new\s+[^.!?,;:()\"]+)"),
        ("expects", rf"(?:i\s+am|i'?m|we\s+are|we'?re|my\s+\w+\s+and\s+i\s+are)\s+expecting\s+{_OBJECT}"),
    )
)
_FAVOURITE = re.compile(
    _SELF
    + rf"my\s+favou?rite\s+(?P<slot>[a-z]+)(?:\s+(?:ever|of\s+all\s+time))?\s+(?:is|are|was)\s+{_OBJECT}",
    re.IGNORECASE,
)
_POSSESSION = re.compile(
    _SELF + rf"my\s+(?P<slot>{_KIN})(?:'s\s+name)?\s+is\s+(?:called\s+|named\s+)?{_OBJECT}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    _SELF + rf"my\s+(?P<slot>{_KIN})\s+(?P<object>(?-i:[A-Z])\w+)\s+(?:is|was|has|loves|likes|just)\b",
    re.IGNORECASE,
)
_STOP = re.compile(
    r"\s+(?:and|but|because|since|so|when|while|if|that|which|who|than|too|though|lol|tbh|right\s+now|rn|btw|now|today)\b.*$",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"(?:\w+ing|so|very|not|just|really|always|never|gonna|here|there|back)\b", re.IGNORECASE
)
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'(?:[^']|'(?=\w)){1,200}'(?!\w)|“[^”]*”|„[^“”]*[“”]|«[^»]*»")
_ARTICLE = re.compile(r"^(?:the|a|an|my|this|that|your|some|it\s+when)\s+", re.IGNORECASE)
_EMPTY: Final = frozenset(
    """
    it this that you u him her them these those how what when your stream me one everything anything way
    question idea point problem feeling reason few lot
    """.split()
)


def relations(text: str) -> list[tuple[str, str]]:
    """(kind, object) pairs that the speaker of ``text`` states of themselves, without repeats."""
    if "?" in text:
        return []
    return list(dict.fromkeys(_found(_QUOTED.sub(" ", text))))


def _found(text: str) -> Iterator[tuple[str, str]]:
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            thing = _trimmed(match["object"])
            if thing and not any(match.start() < end and start < match.end() for start, end in taken):
                taken.append(match.span())
                yield kind, thing
    for pattern, prefix in ((_FAVOURITE, "favourite "), (_POSSESSION, "has "), (_NAMED, "has ")):
        for match in pattern.finditer(text):
            thing = _trimmed(match["object"])
            if thing and not _PASSING.match(thing):
                yield f"{prefix}{match['slot'].casefold()}", thing


def _trimmed(thing: str) -> str:
    thing = _ARTICLE.sub("", _STOP.sub("", thing.strip())).strip(" '-")
    words = thing.split()
    if not words or len(words) > MAX_WORDS or words[0].casefold() in _EMPTY or thing.isdecimal():
        return ""
    return " ".join(words)
