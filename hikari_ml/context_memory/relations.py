"""What people say of themselves: statements from a speaker's own first-person lines; pure.

Only the speaker's statements count: not questions, not what they quote, not what others say of them. Some
fill a slot, of which a person has one at a time (where they live, how old they are): there, what is said
later takes the place of what was said before (:mod:`hikari_ml.context_memory.validity`).

A slot is filled by positive evidence alone: a place, a name and an employer by a capital, a birthday by a
day and a month, and nothing may follow that could make it a dream, a game or the past. What lacks it is a
relation without a slot: it is better to miss a move than to forget a home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from hikari_ml.context_memory.circumstances import LEFT, TALE, circumstances
from hikari_ml.context_memory.evidence import (
    ARTICLES,
    BETWEEN,
    DATE,
    TAIL,
    WHEN,
    capitals,
    could_be_name,
    day_of,
    framed,
    trimmed,
    width_of,
    withdrawn,
)
from hikari_ml.context_memory.statement import AM, KIN, NOW, OBJECT, ONE, Clause, Statement

READ: Final = 2000
"""Characters of a line that are read for statements."""

READ_BEFORE: Final = 40
"""Characters before a clause that are read for a "now"."""

_LATELY: Final = r"(?:right\s+now|now|rn|nowadays|currently|these\s+days)"
_FAVOURED: Final = r"favou?rite|fave?|main"
_CLAUSE = re.compile(
    r"(?:^|[.!?,;]\s*|\b(?:and(?!\s+i\s+(?:are|(?:have\s+)?(?:just\s+|recently\s+|finally\s+)?(?:broke|broken)\s+up(?!\s+with))\b)|but|because|so|btw|lol|well|yes|yeah|no)\s+)"
    r"(?:(?=(?:i|i'?m|i'?ve|i'?ll|we|we'?re|we'?ve|my|call|moving|her|his|their|its|s?he)\b)"
    rf"|(?:(?:actually|{_LATELY})\s+)+(?=my\s+(?:{_FAVOURED})\s+[a-z]))",
    re.IGNORECASE,
)
"""Where a clause of the speaker's own begins; it ends where the next one does.

Of "now" and "actually" before it only a favourite may come: "now I live in a dungeon" tells of a game.
"""
_LATELY_BEFORE = re.compile(rf"\b{_LATELY}\s+(?:actually\s+)?$", re.IGNORECASE)
_CONDITION = (
    r"vegan|vegetarian|married|divorced|widowed"
    r"|engaged(?!\s+(?:in|with)\b)|single(?=\s*(?:$|[.!,;]|again\b|now\b|lol\b))"
    r"|left[- ]handed|\d{1,2}\s+years?\s+old"
)
_CALLING = (
    r"(?:\w+\s+){0,2}(?:nurse|doctor|teacher|student|developer|programmer|engineer|designer|artist|musician|singer|dancer"
    r"|writer|photographer|streamer|chef|cook|baker|barista|lawyer|mechanic|electrician|plumber|carpenter|driver|pilot"
    r"|soldier|veteran|firefighter|paramedic|scientist|accountant|farmer|librarian|freelancer|vegetarian|vegan"
    r"|mom|mum|mother|dad|father|parent|twin|fan)"
)
_PATTERNS: Final = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("works as", rf"i\s+{NOW}(?:got|started|have)\s+a\s+(?:new\s+)?job\s+as\s+{OBJECT}"),
        (
            "dislikes",
            rf"i\s+(?:really\s+|just\s+|also\s+)?(?:hate|dislike|despise|can'?t\s+stand)\s+{OBJECT}",
        ),
        (
            "dislikes",
            rf"i\s+(?:really\s+)?(?:do\s*n[o']?t|don'?t)\s+(?:really\s+)?(?:like|enjoy|love)\s+{OBJECT}",
        ),
        ("likes", rf"i\s+(?:really\s+|just\s+|also\s+|still\s+)*(?:love|like|enjoy|adore)\s+{OBJECT}"),
        (
            "plays",
            rf"i(?:\s+am|'?m)?\s+(?:mostly\s+|also\s+|still\s+|usually\s+)?(?:play|main|playing)\s+{OBJECT}",
        ),
        ("has", r"i\s+(?:have|own|got)\s+(?P<object>(?:an?|one|two|three|four|five|\d+)\s+[^.!?,;:()\"]+)"),
        ("lives in", rf"i\s+{NOW}live\s+in\s+{OBJECT}"),
        ("lives in", rf"{AM}{NOW}living\s+in\s+{OBJECT}"),
        ("lives in", rf"(?:i|we)(?:'ve|\s+have)?\s+{NOW}(?:moved|relocated)\s+(?:back\s+)?to\s+{OBJECT}"),
        ("comes from", rf"i(?:\s+am|'?m|\s+come)\s+(?:originally\s+)?from\s+{OBJECT}"),
        ("moves to", rf"(?:i'?m|i\s+am|we'?re|we\s+are)\s+{NOW}(?:moving|relocating)\s+to\s+{OBJECT}"),
        (
            "moves to",
            rf"(?:i'?ll|i\s+will|i'?m\s+(?:going\s+to|gonna))\s+(?:be\s+moving|move)\s+to\s+{OBJECT}",
        ),
        ("moves to", rf"moving\s+to\s+(?=[^.!?,;:()\"]*\s(?:{WHEN})){OBJECT}"),
        ("works as", rf"i\s+{NOW}work\s+as\s+{OBJECT}"),
        ("works as", rf"{AM}{NOW}working\s+as\s+{OBJECT}"),
        ("works at", rf"i\s+{NOW}work\s+(?:at|for)\s+{OBJECT}"),
        ("left", rf"i(?:'ve|\s+have)?\s+{NOW}(?:quit|lost|left)\s+(?P<object>my\s+job)\b"),
        ("studies", rf"i(?:\s+am|'?m)?\s+(?:study|studying)\s+{OBJECT}"),
        (
            "is called",
            rf"(?:my\s+name(?:'?s|\s+is)|call\s+me(?!\s+maybe\b))\s+{OBJECT}",
        ),
        ("is", rf"{AM}{NOW}(?P<object>{_CONDITION})\b"),
        ("is", rf"(?:i|we)\s+{NOW}got\s+(?P<object>engaged(?!\s+(?:in|with)\b)|married|divorced)\b"),
        ("is", rf"i(?:\s+am|'?m)\s+an?\s+(?!(?:big|huge|massive)\s+fan\b)(?P<object>{_CALLING})\b"),
        ("speaks", rf"i\s+(?:also\s+|only\s+)?speak\s+{OBJECT}"),
        ("has", r"i\s+just\s+(?:got|started|bought)\s+(?:an?|my)\s+(?P<object>new\s+[^.!?,;:()\"]+)"),
        ("expects", rf"(?:i\s+am|i'?m|we\s+are|we'?re|my\s+\w+\s+and\s+i\s+are)\s+expecting\s+{OBJECT}"),
    )
)
_NOW_VALUE: Final = rf"(?:(?-i:now|currently)\s+)?(?!now\s*(?:$|[^\w\s])){OBJECT}"
"""A value, with or without a "now" that is none of it."""
_FAVOURITE = re.compile(
    rf"my\s+(?P<what>{_FAVOURED})\s+(?P<slot>[a-z]+)(?:\s+(?:ever|of\s+all\s+time))?(?:\s+{_LATELY})?\s+"
    rf"(?P<verb>is|are|was)\s+{_NOW_VALUE}",
    re.IGNORECASE,
)
_MAIN = re.compile(rf"my\s+main(?:\s+{_LATELY})?\s+is\s+(?!(?:dr|mrs?|ms|st)\.){_NOW_VALUE}", re.IGNORECASE)
_ANOTHER = re.compile(
    r"\s*(?:,\s*(?!i\b)(?-i:[A-Z])|,?\s*and\s+(?!(?:i|i'?m|i'?ve|it|it's|s?he|they|we|you|my|that|this)\b))",
    re.IGNORECASE,
)
"""A second name, or what could be one."""
_SPELLED: Final = {"colour": "color", "colours": "colors", "flavour": "flavor", "flavours": "flavors"}
"""What is spelled in two ways and is one slot."""
_POSSESSION = re.compile(
    rf"my\s+(?P<slot>{KIN})(?P<naming>'?s\s+name)?\s+is\s+(?P<called>called\s+|named\s+)?{OBJECT}",
    re.IGNORECASE,
)
_A_NAME: Final = r"(?-i:[A-Z])\w*"
_SEVERAL = re.compile(
    rf"my\s+(?:(?:two|three|four|five|\d)\s+)?(?P<slot>(?:{KIN})s)"
    rf"(?:'?\s+names\s+are|\s+are\s+(?:called|named))\s+"
    rf"(?P<names>{_A_NAME}(?:(?:\s*,\s*|\s*,?\s+and\s+|\s*&\s*){_A_NAME})+)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"my\s+(?P<slot>{KIN})\s+(?P<object>(?-i:[A-Z])\w+)\s+(?:is|was|has|loves|likes|just)\b"
    r"(?!\s+(?:(?:just|recently|sadly|finally|suddenly)\s+)*(?:died|passed|dumped|broke|broken|left)\b)",
    re.IGNORECASE,
)
_PRONOUN = re.compile(
    r"(?:(?:her|his|their|its)\s+name(?:'?s|\s+is|\s+will\s+be)|s?he(?:'s|\s+is)\s+(?:called|named)"
    rf"|(?:i|we)\s+named\s+(?:her|him|them|it))\s+{OBJECT}",
    re.IGNORECASE,
)
_TURNED = re.compile(
    r"i\s+(?:just\s+)?turned\s+(?P<age>\d{1,2})(?=\s*(?:$|[.!,;]|today|yesterday|last|this|lol))",
    re.IGNORECASE,
)
_BARE_AGE = re.compile(
    rf"{AM}(?:now\s+(?P<age>[1-9]\d)|(?:finally\s+|already\s+)?(?P<years>[1-9]\d)\s+now)\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_COUNTED = re.compile(
    r"\b(?:le?ve?ls?|rank\w*|elo|mmr|lp|kills?|deaths?|wins?|loss(?:es)?|prestige|tier|stage|wave|round|place|points?"
    r"|pts|scores?|scoring|hp|xp|streak|stars?|floor|chapter|laps?|position|viewers?|queue|minutes?|hours?)\b",
    re.IGNORECASE,
)
_SUBJECT: Final = "I "
_DROPPED = re.compile(
    r"\s*(?:just|finally|recently)\s+(?:(?:moved|relocated)\s+(?:back\s+)?to\s+(?-i:[A-Z])"
    r"|(?:quit|lost)\s+my\s+job\b|turned\s+\d|broke\s+up\s+with\s+my\b|started\s+a\s+new\s+job\s+as\b"
    r"|got\s+(?:fired|laid\s+off|sacked|dumped|engaged|married|divorced|a\s+new\s+job\s+as)\b)",
    re.IGNORECASE,
)
"""A line that begins without its "I": only with "just" and the like, and only what nobody says of a game."""
_OTHERS = re.compile(r"@\w|\b(?:s?he|they|his|hers?|their|him|them)\b", re.IGNORECASE)
"""Somebody of whom a line without a subject may speak."""
_LEFT_WHICH = re.compile(rf"\s+(?P<how>at|with|as)\s+{OBJECT}", re.IGNORECASE)
_HOLDS = r"live\s+in|work\s+(?:at|for|as)"
_NO_LONGER = re.compile(
    rf"i\s+(?:(?:do\s*n[o']?t|don'?t)\s+(?P<verb>{_HOLDS})|no\s+longer\s+(?P<other>{_HOLDS}))"
    rf"\s+{OBJECT}",
    re.IGNORECASE,
)
_INTRODUCED = re.compile(
    rf"\b(?:my|our|(?:i|we)(?:'ve)?\s+(?:{NOW}|have\s+)(?:have|got|adopted|bought)\s+(?:an?|another|one))\s+"
    rf"(?:(?!(?:got|gets?|has|had|have|is|was|and|or|the|an?)\b)\w+\s+){{0,2}}?(?P<who>{KIN})\b",
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
    r"(?:home|nights?|least|myself|me|you|all|times?|once|it|this|that|them|him|her|free|money|fun|food|peanuts"
    r"|an?\s+living|\d\w*)\b",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"(?:\w+ing|so|very|not|just|really|always|never|gonna|here|there|back)\b", re.IGNORECASE
)
_QUOTED = re.compile(
    r"\"[^\"]{0,200}\"|(?<!\w)'(?:[^']|'(?=\w)){1,200}'(?!\w)|“[^”]{0,200}”|„[^“”]{0,200}[“”]|«[^»]{0,200}»"
)
_PLACES: Final = frozenset({"lives in", "comes from", "moves to"})
_SLOTS: Final = {
    "lives in": "home",
    "works as": "job",
    "works at": "employer",
    "is called": "name",
}
_BESIDE: Final = frozenset({"home", "job", "employer"})
"""Of these there may be two at a time, until a move or "now" says otherwise."""
_ENDED: Final = frozenset({"divorced", "widowed", "single"})
_PARTNERED: Final = frozenset({"married", "engaged", "divorced", "widowed", "single"})
_SENTENCE = re.compile(r"[.!;](?:\s|$)")
_MOVES = re.compile(r"\b(?:moved|relocated|now|nowadays|currently|new\s+job)\b", re.IGNORECASE)
_ALSO = re.compile(r"\b(?:also|too|part[- ]time|second)\b", re.IGNORECASE)
_BIRTHDAY = re.compile(rf"my\s+birthday(?:'s|\s+is)\s+(?P<object>{DATE.pattern})", re.IGNORECASE)


def relations(text: str, about: str | None = None) -> list[tuple[str, str]]:
    """(kind, object) pairs that the speaker of ``text`` states of themselves, without repeats.

    ``about`` is who "her name is Mochi" is about, if the line itself does not tell.
    """
    pairs = ((found.kind, found.thing) for found in statements(text, about) if not found.ends)
    return list(dict.fromkeys(pairs))


def statements(text: str, about: str | None = None) -> list[Statement]:
    """What the speaker of ``text`` states of themselves, clause by clause."""
    if "?" in text:
        return []
    text = text[:READ]
    if not _DROPPED.match(text) or _OTHERS.search(text):
        return list(_found(text, about))
    found = _found(_SUBJECT + text, about)
    gone = len(_SUBJECT)
    return [replace(each, start=max(0, each.start - gone), end=max(0, each.end - gone)) for each in found]


def introduced(text: str) -> str | None:
    """Whom or what of theirs the speaker speaks of ("I got a new cat": cat), if it is one and no question."""
    if "?" in text:
        return None
    found = {match["who"].casefold() for match in _INTRODUCED.finditer(_unquoted(text[:READ]))}
    return found.pop() if len(found) == 1 else None


def _unquoted(text: str) -> str:
    """``text`` with spaces for what it quotes, so that positions stay what they were."""
    return _QUOTED.sub(lambda match: " " * len(match[0]), text)


def _found(text: str, about: str | None) -> Iterator[Statement]:
    readers = (_plain, _birthday, _favourite, _main, _possession, _several, _age, _name, circumstances, _end)
    for clause in _clauses(_unquoted(text), about):
        for read in readers:
            yield from read(clause)


def _clauses(text: str, about: str | None) -> Iterator[Clause]:
    """The clauses of a line, with whom it spoke of before each; one walk, however long the line is."""
    begins = list(_CLAUSE.finditer(text))
    people = list(_INTRODUCED.finditer(text))
    sentences = [match.end() for match in _SENTENCE.finditer(text)]
    known: set[str] = set()
    sentence = 0
    for begin, following in zip_longest(begins, begins[1:]):
        while people and people[0].end() <= begin.end():
            known.add(people.pop(0)["who"].casefold())
        while sentences and sentences[0] <= begin.end():
            sentence = sentences.pop(0)
        who = next(iter(known)) if len(known) == 1 else about
        end = following.start() if following else len(text)
        yield Clause(text, begin.end(), end, who, framed(text[sentence : begin.start()]))


def _plain(clause: Clause) -> Iterator[Statement]:
    for kind, pattern in _PATTERNS:
        match = pattern.match(clause.text, clause.start, clause.end)
        thing = _fitting(kind, match["object"]) if match else ""
        if match and thing and (kind != "is called" or could_be_name(match)):
            yield _stated(clause, kind, thing, match, _slot(kind, thing))
            if kind == "left" and not TALE.search(clause.around) and not withdrawn(clause.text, match.end()):
                yield from _left(clause, match.end())
            return


def _left(clause: Clause, at: int) -> Iterator[Statement]:
    """What somebody who quit their job has no longer: the one that is named, or any."""
    which = _LEFT_WHICH.match(clause.text, at, clause.end)
    kind = "works as" if which and which["how"].casefold() == "as" else "works at"
    thing = _fitting(kind, which["object"]) if which else ""
    if which and thing:
        slot = _SLOTS[kind]
        width = width_of(slot, which["object"], clause.said)
        if width and clause.now(which.start("object") + width):
            yield Statement(kind, thing, slot, ends=True)
    elif clause.now(at):
        yield from (Statement("left", "", slot, ends=True) for slot in LEFT)


def _stated(clause: Clause, kind: str, thing: str, match: re.Match[str], slot: str | None) -> Statement:
    """A statement; it fills ``slot`` only if its value shows that it is one and what follows lets it."""
    start = match.start("object")
    width = width_of(slot, match["object"], clause.said) if slot else 0
    end = start + width
    past = slot == "partnership" and thing.casefold() in _ENDED and TALE.search(clause.said)
    if not width or past or withdrawn(clause.text, start) or not clause.now(end):
        return Statement(kind, thing, start=clause.start, end=match.end())
    beside = slot in _BESIDE and (not _MOVES.search(clause.said) or bool(_ALSO.search(clause.said)))
    return Statement(kind, thing, slot, beside=beside, start=clause.start, end=end)


def _birthday(clause: Clause) -> Iterator[Statement]:
    match = _BIRTHDAY.match(clause.text, clause.start, clause.end)
    if match and (thing := day_of(match)):
        yield _stated(clause, "has birthday", thing, match, None if thing[0].isdigit() else "birthday")


def _favourite(clause: Clause) -> Iterator[Statement]:
    """A favourite; after "now" a name: "now my favourite player is injured" tells what happened."""
    match = clause.match(_FAVOURITE)
    if match and not clause.match(_MAIN) and (thing := _proper(match["object"])):
        what, of = "main" if match["what"].casefold() == "main" else "favourite", match["slot"].casefold()
        if not _happens(clause, match["object"]):
            slot = f"{what} {_SPELLED.get(of, of)}" if match["verb"].casefold() == "is" else None
            yield _stated(clause, f"{what} {of}", thing, match, slot)


def _happens(clause: Clause, value: str) -> bool:
    """Whether a clause with a "now" before it could tell what happens: its value is no name or number."""
    if not _LATELY_BEFORE.search(clause.text, max(0, clause.start - READ_BEFORE), clause.start):
        return False
    return clause.said.isupper() or not (value[0].isdigit() or capitals(value, 1))


def _main(clause: Clause) -> Iterator[Statement]:
    """Whom the speaker mains: a name, alone."""
    match = clause.match(_MAIN)
    width = width_of("main", match["object"], clause.said) if match else 0
    if match and width and not _ANOTHER.match(clause.text, match.start("object") + width, clause.end):
        found = _stated(clause, "main", match["object"][:width], match, "main")
        if found.slot:
            yield found


def _possession(clause: Clause) -> Iterator[Statement]:
    """Who belongs to the speaker; the name of the one cat is a slot, that of a brother is not."""
    for pattern in (_POSSESSION, _NAMED):
        match = pattern.match(clause.text, clause.start, clause.end)
        if match and (thing := _proper(match["object"])):
            who, parts = match["slot"].casefold(), match.groupdict()
            naming = parts.get("naming") or parts.get("called")
            if not (naming and match["object"].split()[0].casefold() in ARTICLES | BETWEEN):
                one = naming and re.fullmatch(ONE, who)
                yield _stated(clause, f"has {who}", thing, match, f"name of {who}" if one else None)


def _several(clause: Clause) -> Iterator[Statement]:
    """The names of several; commas between them end no clause."""
    if match := _SEVERAL.match(clause.text, clause.start):
        yield Statement(
            f"has {match['slot'].casefold()}", match["names"], start=clause.start, end=match.end()
        )


def _age(clause: Clause) -> Iterator[Statement]:
    """An age; a bare number is one only where the line has no other and speaks of nothing that is counted."""
    match = clause.match(_BARE_AGE)
    if match and clause.now(match.end()) and len(_NUMBER.findall(clause.around)) == 1:
        if not _COUNTED.search(clause.around):
            thing = f"{match['age'] or match['years']} years old"
            yield Statement("is", thing, "age", start=clause.start, end=match.end())
        return
    match = clause.match(_TURNED)
    if match:
        slot = "age" if clause.now(match.end()) else None
        thing = f"{match['age']} years old"
        yield Statement("is", thing, slot, start=clause.start, end=match.end())


def _name(clause: Clause) -> Iterator[Statement]:
    """A name given by a pronoun: no slot, because who is meant is never quite certain."""
    match = _PRONOUN.match(clause.text, clause.start, clause.end)
    width = capitals(match["object"], 1) if match and clause.who else 0
    if match and width and TAIL.match(clause.text, match.start("object") + width, clause.end):
        yield Statement(f"has {clause.who}", match["object"][:width].strip(" '-"))


def _end(clause: Clause) -> Iterator[Statement]:
    if match := _NO_LONGER.match(clause.text, clause.start, clause.end):
        verb = " ".join((match["verb"] or match["other"]).casefold().split())
        kind = {"live in": "lives in", "work as": "works as"}.get(verb, "works at")
        thing = _fitting(kind, match["object"])
        if thing and not clause.framed:
            yield Statement(kind, thing, _SLOTS[kind], ends=True, start=clause.start, end=match.end())


def _slot(kind: str, thing: str) -> str | None:
    if kind == "is" and thing.casefold() in _PARTNERED:
        return "partnership"
    if kind == "is" and thing[0].isdigit():
        return "age"
    return _SLOTS.get(kind)


def _fitting(kind: str, thing: str) -> str:
    """``thing`` cut to what the kind of statement takes, or nothing."""
    if kind in _PLACES:
        return "" if _NO_PLACE.match(thing.strip()) else trimmed(_AFTER_PLACE.sub("", thing.strip()))
    if kind == "works at" and _NO_WORKPLACE.match(thing.strip()):
        return ""
    return trimmed(thing)


def _proper(thing: str) -> str:
    found = trimmed(thing)
    return "" if _PASSING.match(found) else found
