"""What people say of themselves: statements from a speaker's own first-person lines; pure.

Only the speaker's statements count: not questions, not what they quote, not what others say of them. Some
fill a slot, of which a person has one at a time (where they live, how old they are): there, what is said
later takes the place of what was said before (:mod:`hikari_ml.context_memory.validity`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from typing import Final

MAX_WORDS: Final = 4
"""Longest object of a relation, in words."""

_OBJECT = r"(?P<object>[^.!?,;:()\"]+)"
_CLAUSE = re.compile(
    r"(?:^|[.!?,;]\s*|\b(?:and(?!\s+i\s+are\b)|but|because|so|btw|lol|well|yes|yeah|no)\s+)"
    r"(?=(?:i|i'?m|i'?ve|i'?ll|we|we'?re|we'?ve|my|call|moving|her|his|their|its|s?he)\b)",
    re.IGNORECASE,
)
"""Where a clause of the speaker's own begins; it ends where the next one does."""
_CONDITION = (
    r"vegan|vegetarian|deaf|blind|colou?r[- ]?blind|pregnant|married|divorced|widowed"
    r"|engaged(?!\s+(?:in|with)\b)|single(?=\s*(?:$|[.!,;]|again\b|now\b))"
    r"|autistic|diabetic|left[- ]handed|\d{1,2}\s+years?\s+old"
)
_CALLING = (
    r"(?:\w+\s+){0,2}(?:nurse|doctor|teacher|student|developer|programmer|engineer|designer|artist|musician|singer|dancer"
    r"|writer|photographer|streamer|chef|cook|baker|barista|lawyer|mechanic|electrician|plumber|carpenter|driver|pilot"
    r"|soldier|veteran|firefighter|paramedic|scientist|accountant|farmer|librarian|freelancer|vegetarian|vegan"
    r"|mom|mum|mother|dad|father|parent|twin|fan)"
)
_ONE = (
    "cat|kitten|dog|puppy|pet|hamster|horse|rabbit|bunny|parrot|snake|gecko|ferret|wife|husband|mom|mum|mother|dad"
    "|father|girlfriend|boyfriend|partner|fianc[eé]e?"
)
_KIN = f"{_ONE}|brother|sister|son|daughter|baby"
_NOW = r"(?:now\s+|currently\s+|still\s+|actually\s+|just\s+|finally\s+|recently\s+|also\s+)*"
_AM = r"i(?:\s+am|'?m)\s+"
_UNIT = r"(?:day|week|month|year|summer|winter|spring|fall|autumn|semester|weekend|\w+day)s?"
_WHEN = (
    rf"(?:next|last|this)\s+{_UNIT}|soon|tomorrow|in\s+(?:(?:a|an|one|two|three|few|couple|of|\d+)\s+)+{_UNIT}"
    r"|in\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
_PATTERNS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("works as", rf"i\s+{_NOW}(?:got|started|have)\s+a\s+(?:new\s+)?job\s+as\s+{_OBJECT}"),
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
        ("lives in", rf"i\s+{_NOW}live\s+in\s+{_OBJECT}"),
        ("lives in", rf"{_AM}{_NOW}living\s+in\s+{_OBJECT}"),
        ("lives in", rf"(?:i|we)(?:'ve|\s+have)?\s+{_NOW}(?:moved|relocated)\s+to\s+{_OBJECT}"),
        ("comes from", rf"i(?:\s+am|'?m|\s+come)\s+(?:originally\s+)?from\s+{_OBJECT}"),
        ("moves to", rf"(?:i'?m|i\s+am|we'?re|we\s+are)\s+{_NOW}(?:moving|relocating)\s+to\s+{_OBJECT}"),
        (
            "moves to",
            rf"(?:i'?ll|i\s+will|i'?m\s+(?:going\s+to|gonna))\s+(?:be\s+moving|move)\s+to\s+{_OBJECT}",
        ),
        ("moves to", rf"moving\s+to\s+(?=[^.!?,;:()\"]*\s(?:{_WHEN})){_OBJECT}"),
        ("works as", rf"i\s+{_NOW}work\s+as\s+{_OBJECT}"),
        ("works as", rf"{_AM}{_NOW}working\s+as\s+{_OBJECT}"),
        ("works at", rf"i\s+{_NOW}work\s+(?:at|for)\s+{_OBJECT}"),
        ("left", rf"i\s+{_NOW}(?:quit|lost|left)\s+(?P<object>my\s+job)\b"),
        ("studies", rf"i(?:\s+am|'?m)?\s+(?:study|studying)\s+{_OBJECT}"),
        (
            "is called",
            rf"(?:my\s+name(?:'?s|\s+is)|call\s+me(?!\s+(?:maybe|later|back|when|if|out)\b))\s+{_OBJECT}",
        ),
        ("is", rf"{_AM}{_NOW}(?P<object>{_CONDITION})\b"),
        ("is", rf"(?:i|we)\s+{_NOW}got\s+(?P<object>engaged(?!\s+(?:in|with)\b)|married|divorced)\b"),
        ("is", rf"i(?:\s+am|'?m)\s+an?\s+(?!(?:big|huge|massive)\s+fan\b)(?P<object>{_CALLING})\b"),
        ("speaks", rf"i\s+(?:also\s+|only\s+)?speak\s+{_OBJECT}"),
        ("has birthday", rf"my\s+birthday\s+is\s+(?:on\s+)?{_OBJECT}"),
        ("has", r"i\s+just\s+(?:got|started|bought)\s+(?:an?|my)\s+(?P<object>new\s+[^.!?,;:()\"]+)"),
        ("expects", rf"(?:i\s+am|i'?m|we\s+are|we'?re|my\s+\w+\s+and\s+i\s+are)\s+expecting\s+{_OBJECT}"),
    )
)
_FAVOURITE = re.compile(
    rf"my\s+(?P<what>favou?rite|main)\s+(?P<slot>[a-z]+)(?:\s+(?:ever|of\s+all\s+time))?\s+"
    rf"(?P<verb>is|are|was)\s+{_OBJECT}",
    re.IGNORECASE,
)
_POSSESSION = re.compile(
    rf"my\s+(?P<slot>{_KIN})(?P<naming>'?s\s+name)?\s+is\s+(?P<called>called\s+|named\s+)?{_OBJECT}",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"my\s+(?P<slot>{_KIN})\s+(?P<object>(?-i:[A-Z])\w+)\s+(?:is|was|has|loves|likes|just)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"(?:(?:her|his|their|its)\s+name(?:'?s|\s+is|\s+will\s+be)|s?he(?:'s|\s+is)\s+(?:called|named)"
    rf"|(?:i|we)\s+(?:named|called)\s+(?:her|him|them|it))\s+{_OBJECT}",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r"i\s+(?:just\s+)?turned\s+(?P<age>\d{1,2})(?=\s*(?:$|[.!,;]|today|yesterday|last|this))",
    re.IGNORECASE,
)
_HOLDS = r"live\s+in|work\s+(?:at|for|as)"
_NO_LONGER = re.compile(
    rf"i\s+(?:(?:do\s*n[o']?t|don'?t)\s+(?P<verb>{_HOLDS})|no\s+longer\s+(?P<other>{_HOLDS}))"
    rf"\s+{_OBJECT}",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(rf"\b(?:my|our|an?|another)\s+(?:\w+\s+){{0,2}}?(?P<who>{_KIN})\b", re.IGNORECASE)
_STOP = re.compile(
    r"\s+(?:and|but|because|since|so|when|while|if|that|which|who|than|too|though|lol|lmao|haha\w*|tbh|ngl|honestly|right\s+now|rn|btw|now|today"
    r"|anymore|any\s+more|these\s+days|yesterday|recently"
    rf"|{_WHEN})\b.*$",
    re.IGNORECASE,
)
_AFTER_PLACE = re.compile(
    r"\s+(?:with|from|to|for|near|as|already|again|about|over|around|almost|(?:\w+\s+){1,3}ago|last|ago)\b.*$",
    re.IGNORECASE,
)
_NO_PLACE = re.compile(
    r"(?:an?|my|your|his|her|our|their|this|that|these|those|constant|total|pure|fear|hell|heaven|peace|pain|shame|denial"
    r"|darkness|reality|luxury|poverty|sin|trash|twitch|youtube|kick|discord|steam|linux|windows|mac|pc|console|xbox"
    r"|playstation|ps\d|switch|vim|it|here|there|a\s+new"
    r"|the\s+(?:\w+\s+)?(?:next|other|moment|past|present|future|dark|shadows?|matrix|walls?|middle|level|stage|boss"
    r"|room|house|chair|couch|bed|channel|chat|game|server|left|right|top|bottom|back|front|same|one|city|suburbs"
    r"|country|countryside|woods|void))\b",
    re.IGNORECASE,
)
_NO_WORKPLACE = re.compile(
    r"(?:home|nights?|least|myself|me|you|all|times?|once|it|this|that|them|him|her|free)\b", re.IGNORECASE
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
_PLACES: Final = frozenset({"lives in", "comes from", "moves to"})
_SLOTS: Final = {
    "lives in": "home",
    "works as": "job",
    "works at": "employer",
    "is called": "name",
    "has birthday": "birthday",
}
_PARTNERED: Final = frozenset({"married", "engaged", "divorced", "widowed", "single"})
_LEFT: Final = ("job", "employer")


@dataclass(frozen=True, slots=True)
class Statement:
    """What a line says of its speaker: ``kind`` and ``thing`` as in the knowledge graph.

    ``slot`` names what a person has one of at a time, if this is such a thing. With ``ends`` it says that
    ``thing`` (anything, if blank) fills the slot no longer.
    """

    kind: str
    thing: str
    slot: str | None = None
    ends: bool = False


def relations(text: str, about: str | None = None) -> list[tuple[str, str]]:
    """(kind, object) pairs that the speaker of ``text`` states of themselves, without repeats.

    ``about`` is who "her name is Mochi" is about, if the line itself does not tell.
    """
    pairs = ((found.kind, found.thing) for found in statements(text, about) if not found.ends)
    return list(dict.fromkeys(pairs))


def statements(text: str, about: str | None = None) -> list[Statement]:
    """What the speaker of ``text`` states of themselves, clause by clause."""
    return list(_found(text, about)) if "?" not in text else []


def introduced(text: str) -> str | None:
    """Whom or what of theirs the speaker speaks of ("I got a new cat": cat), if it is one and no question."""
    if "?" in text:
        return None
    found = {match["who"].casefold() for match in _INTRODUCED.finditer(_QUOTED.sub(" ", text))}
    return found.pop() if len(found) == 1 else None


def _found(text: str, about: str | None) -> Iterator[Statement]:
    text = _QUOTED.sub(" ", text)
    begins = list(_CLAUSE.finditer(text))
    for begin, following in zip_longest(begins, begins[1:]):
        clause = text[begin.end() : following.start() if following else len(text)]
        who = introduced(text[: begin.end()]) or about
        for read in (_plain, _favourite, _possession, _age, partial(_name, who=who), _end):
            yield from read(clause)


def _plain(clause: str) -> Iterator[Statement]:
    for kind, pattern in _PATTERNS:
        match = pattern.match(clause)
        thing = _fitting(kind, match["object"]) if match else ""
        if thing:
            yield Statement(kind, thing, _slot(kind, thing))
            if kind == "left":
                yield from (Statement(kind, "", slot, ends=True) for slot in _LEFT)
            return


def _favourite(clause: str) -> Iterator[Statement]:
    match = _FAVOURITE.match(clause)
    if match and (thing := _proper(match["object"])):
        what = "main" if match["what"].casefold() == "main" else "favourite"
        kind = f"{what} {match['slot'].casefold()}"
        yield Statement(kind, thing, kind if match["verb"].casefold() == "is" else None)


def _possession(clause: str) -> Iterator[Statement]:
    """Who belongs to the speaker; the name of the one cat is a slot, that of a brother is not."""
    for pattern in (_POSSESSION, _NAMED):
        match = pattern.match(clause)
        if match and (thing := _proper(match["object"])):
            who, parts = match["slot"].casefold(), match.groupdict()
            one = (parts.get("naming") or parts.get("called")) and re.fullmatch(_ONE, who)
            yield Statement(f"has {who}", thing, f"name of {who}" if one else None)


def _age(clause: str) -> Iterator[Statement]:
    if match := _TURNED.match(clause):
        yield Statement("is", f"{match['age']} years old", "age")


def _name(clause: str, who: str | None) -> Iterator[Statement]:
    """A name given by a pronoun: no slot, because who is meant is never quite certain."""
    match = _PRONOUN.match(clause)
    if match and who and (thing := _proper(match["object"])):
        yield Statement(f"has {who}", thing)


def _end(clause: str) -> Iterator[Statement]:
    if match := _NO_LONGER.match(clause):
        verb = " ".join((match["verb"] or match["other"]).casefold().split())
        kind = {"live in": "lives in", "work as": "works as"}.get(verb, "works at")
        if thing := _fitting(kind, match["object"]):
            yield Statement(kind, thing, _SLOTS[kind], ends=True)


def _slot(kind: str, thing: str) -> str | None:
    if kind == "is" and thing.casefold() in _PARTNERED:
        return "partnership"
    if kind == "is" and thing[0].isdigit():
        return "age"
    return _SLOTS.get(kind)


def _fitting(kind: str, thing: str) -> str:
    """``thing`` cut to what the kind of statement takes, or nothing."""
    if kind in _PLACES:
        return "" if _NO_PLACE.match(thing.strip()) else _trimmed(_AFTER_PLACE.sub("", thing.strip()))
    if kind == "works at" and _NO_WORKPLACE.match(thing.strip()):
        return ""
    return _trimmed(thing)


def _proper(thing: str) -> str:
    found = _trimmed(thing)
    return "" if _PASSING.match(found) else found


def _trimmed(thing: str) -> str:
    thing = _ARTICLE.sub("", _STOP.sub("", thing.strip())).strip(" '-")
    words = thing.split()
    if not words or len(words) > MAX_WORDS or words[0].casefold() in _EMPTY or thing.isdecimal():
        return ""
    return " ".join(words)
