"""What shows that a value fills a slot: how it is written, and what is said around it; pure."""

from __future__ import annotations

import re
from typing import Final

MAX_WORDS: Final = 4
"""Longest object of a relation, in words."""

FRAME: Final = 200
"""Characters around a clause that are read for what makes it a dream, a joke or the past."""

_UNIT = r"(?:day|week|month|year|summer|winter|spring|fall|autumn|semester|weekend|\w+day)s?"
WHEN = (
    rf"(?:next|last|this)\s+{_UNIT}|soon|tomorrow|in\s+(?:(?:a|an|one|two|three|few|couple|of|\d+)\s+)+{_UNIT}"
    r"|in\s+(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
STOP = re.compile(
    r"\s+(?:and|but|because|since|so|when|while|if|that|which|who|than|too|though|lol|lmao|haha\w*|tbh|ngl|honestly|right\s+now|rn|btw|now|today"
    r"|anymore|any\s+more|these\s+days|yesterday|recently"
    rf"|{WHEN})\b.*$",
    re.IGNORECASE,
)
ARTICLES: Final = frozenset("a an the my your his her our their so too very not".split())
_MONTHS: Final = (
    "january february march april may june july august september october november december".split()
)
_FILLER = (
    r"now|currently|again|already|finally|too|tho|though|actually|today|yesterday|recently|lately|rn|right\s+now"
    r"|nowadays|these\s+days|at\s+the\s+moment|so\s+far|any\s?more|btw|lo+l|lmf?ao+|(?:ha){2,}h?|xd|tbh|ngl|fr|guys"
    r"|with\s+(?:my|our|an?|two|three)\s+\w+(?=\s*$|\s*[.!,;:)]|\s+(?:and|but|because|so|lol|now|btw)\b)"
    r"|please|pls|everyone|chat|after\s+all|for\s+(?:work|uni|school|college|now|good)"
    r"|(?:this|last)\s+(?:day|night|week|month|year|summer|winter|spring|fall|autumn|semester|weekend|\w+day)"
    rf"|(?:in|since)\s+(?:{'|'.join(_MONTHS)})|(?:\d+|a|one|two|three|few|some)\s+(?:days?|weeks?|months?)\s+ago"
)
_MORE = r"(?:and|but|because|since\s+(?:i|we|my)|so(?!\s+(?:many|much|often)\b)|which|where|who)\b"
TAIL = re.compile(rf"(?:\s+(?:{_FILLER})\b)*[\s'\-]*(?:$|[.!,;:)]|\s{_MORE})", re.IGNORECASE)
"""What may follow the value of a slot: nothing, when it came to be, laughter, or another clause."""
_FRAME = re.compile(
    r"\s*(?:(?:in|at|on|if|when|while|as|back|during|until|till|imagine|suppose|pretend|maybe|for)\b"
    r"|\w+\s+years?\s+ago\b|.*\b(?:dream\w*|said|says?|told|tells|years?\s+ago)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""What, before a clause or after its comma, makes it a dream, a game, the past or somebody else's words."""
_CONNECTORS: Final = frozenset("of de del am an der upon la las le los el".split())
_NO_HOME: Final = frozenset(
    """
    bronze silver gold platinum plat emerald diamond master masters grandmaster challenger iron
    ascendant immortal radiant ranked unranked valorant minecraft fortnite roblox overwatch league lol
    dota cs csgo counter-strike apex warzone skyrim tamriel hyrule azeroth runescape stardew sims zelda
    pokemon terraria genshin vrchat hogwarts narnia mordor gotham mars hell heaven space bed chaos
    misery silence darkness sweatpants pyjamas pajamas crypto ring mid jungle support nether lobby
    chrome firefox brave edge arch ubuntu debian fedora blender unity unreal godot premiere davinci
    geoguessr monday tuesday wednesday thursday friday saturday sunday
    creative survival anime android ios reddit instagram tiktok twitter obs excel python rust java
    """.split()
)
"""Games, ranks, media, programs and other worlds that people live in or move to."""
_UNREAL = re.compile(
    r"\bin\s+(?:(?:my|the|a|this|video|new)\s+)*"
    rf"(?:dreams?|games?|{'|'.join(map(re.escape, sorted(_NO_HOME)))})\b",
    re.IGNORECASE,
)
_NOT_CALLED: Final = frozenset(
    "crazy mad weird later tomorrow daddy monday tuesday wednesday thursday friday saturday sunday".split()
)
_PLURAL_PLACES: Final = frozenset("paris texas athens brussels wales dallas vegas honduras cyprus".split())
_NO_JOB: Final = frozenset("team unit whole charm rule joke hobby duo group side".split())
_WITHDRAWN = re.compile(
    r"\b(?:jk|(?:just\s+)?(?:kidding|joking)|sike|psych|april\s+fools?|i\s+wish|if\s+only|(?-i:NOT)(?=[\s!.]*$)"
    r"|(?:but|and|then)\s+(?:i\s+)?(?:(?:moved|came|went)\s+)?(?:right\s+)?back\b|then\s+(?:back\s+)?to\b)",
    re.IGNORECASE,
)
"""What after a statement takes it back, or goes on to what came next."""
_TOLD: Final = frozenset(
    """
    dead free trash garbage bad good great amazing awesome underrated overrated broken down up out live on off
    over gone sold next here there everywhere nowhere back fun funny boring cool hard easy old new cheap
    expensive better worse best worst hot cold dying cancelled canceled banned offline online delayed late
    ready done finished ruined perfect beautiful cute sick lit mid cringe toxic laggy buggy hilarious rare
    unavailable available closed open fire goated overpriced playing coming starting trending
    """.split()
)
"""What is said of a favourite, rather than what it is, in lower case."""
_TOLD_ON: Final = frozenset(
    """
    again now out from at in on of to and but as because until since everywhere there here too lol today
    """.split()
)
"""What may follow such a word, where it is no name's first ("dead cells")."""
_NO_THING: Final = frozenset(
    "whatever whoever whichever anything everything something nothing also still".split()
)
_NO_MAIN: Final = frozenset(
    """
    nerfed buffed gutted reworked busted bugged weak strong useless hacked stolen deleted gone level lvl rank
    tank support healer carry horde alliance youtube facebook
    """.split()
)
"""What is said of a main, or what it is not called."""
BETWEEN: Final = frozenset(
    "in on at by for from with of to as about like under over after before when".split()
)
DATE = re.compile(
    r"(?:on\s+)?(?:the\s+)?(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>[a-z]{3,9})"
    r"|(?P<month2>[a-z]{3,9})\s+(?:the\s+)?(?P<day2>\d{1,2})(?:st|nd|rd|th)?"
    r"|(?P<first>\d{1,2})[./-](?P<second>\d{1,2})(?:[./-]\d{2,4})?)(?!\w)",
    re.IGNORECASE,
)


_ARTICLE = re.compile(r"^(?:the|a|an|my|this|that|your|some|it\s+when)\s+", re.IGNORECASE)
_EMPTY: Final = frozenset(
    """
    it this that you u him her them these those how what when your stream me one everything anything way
    question idea point problem feeling reason few lot
    """.split()
)


def trimmed(thing: str) -> str:
    """``thing`` without an article and what follows it; nothing, if too much is left or it means nothing."""
    thing = _ARTICLE.sub("", STOP.sub("", thing.strip())).strip(" '-")
    words = thing.split()
    if not words or len(words) > MAX_WORDS or words[0].casefold() in _EMPTY or thing.isdecimal():
        return ""
    if ARTICLES.issuperset(map(str.casefold, words)):  # what they were said of was an emoji
        return ""
    return " ".join(words)


def framed(before: str) -> bool:
    """Whether what a sentence says before a clause makes that a dream, the past or somebody else's words."""
    return bool(_FRAME.match(before[:FRAME]))


def holds(text: str, at: int, end: int) -> bool:
    """Whether a clause that ends at ``end`` tells of now: nothing from ``at`` makes it a game or the past."""
    tail = TAIL.match(text, at, end)
    if tail is None or _FRAME.match(text, tail.end(), end):
        return False
    return not _UNREAL.search(text, at, end)


def withdrawn(text: str, at: int) -> bool:
    """Whether what a line says after ``at`` takes back what it said: a joke, a wish, or the way back."""
    return _WITHDRAWN.search(text, at, at + FRAME) is not None


def width_of(slot: str, value: str, clause: str) -> int:
    """How many characters of ``value`` are one for ``slot``, 0 if it does not show that it is."""
    if slot == "home":
        return _place(
            value, re.match(r"\W*\w+\W+(?:\w+\W+)?liv(?:e|ing)\s+in\b", clause, re.IGNORECASE) is not None
        )
    if slot == "employer":
        return capitals(value, 3)
    if slot == "name" or slot.startswith("name of "):
        return capitals(value, 2)
    if slot == "job":
        return _job(value)
    if slot == "main":
        return _player(value)
    if slot.startswith(("favourite ", "main ")):
        cut = STOP.sub("", value).rstrip()
        return len(cut) if _is_thing(cut.split(), value) else 0
    return len(value)


def _is_thing(words: list[str], value: str) -> bool:
    """Whether a favourite is one: "Hades", "dead cells", and not "dead again" or "5 years old"."""
    if not words or words[0].casefold() in BETWEEN | _NO_THING:
        return False
    if re.match(r"\d+\s+(?:years?|months?|weeks?|days?|hours?|minutes?)\b", value):
        return False
    after = value.split()[1:2]
    return words[0] not in _TOLD or bool(after and after[0].casefold() not in _TOLD_ON)


def _player(value: str) -> int:
    """The characters of ``value`` that are who is played: a name, and no rank, server or remark."""
    width = capitals(value, 3)
    words = value[:width].split()
    first = words[0].casefold() if words else ""
    remark = first.endswith("ing") or first in ARTICLES | BETWEEN | _NO_THING | _EMPTY | _TOLD | _NO_MAIN
    if remark or not _NO_HOME.isdisjoint(map(str.casefold, words)):
        return 0
    return width if len(first) > 1 and not value[:width].isupper() else 0


def capitals(value: str, most: int) -> int:
    """The characters of ``value`` that are ``most`` words or fewer with a capital each."""
    end, words = 0, 0
    for match in re.finditer(r"\S+", value):
        word = match[0]
        if words < most and word[0].isalpha() and not word[0].islower():
            end, words = match.end(), words + 1
        elif not words or word not in _CONNECTORS:
            break
    return end


def _place(value: str, lives: bool) -> int:
    """The characters of ``value`` that are a place; in lower case only one word of "I live in ..." can be."""
    skipped = len(value) - len(re.sub(r"^the\s+", "", value, flags=re.IGNORECASE))
    words = value[skipped:].split()
    width = capitals(value[skipped:], 3)
    named = value[skipped : skipped + width].split() if width else words[:1]
    if not named or _NO_HOME & {word.casefold().strip("'") for word in named}:
        return 0
    if width:
        return skipped + width
    word = words[0]
    plural = word.endswith("s") and word not in _PLURAL_PLACES
    return len(word) if lives and not skipped and word.isalpha() and len(word) > 3 and not plural else 0


def _job(value: str) -> int:
    """The characters of ``value`` that are a profession: an article and up to three words."""
    match = re.match(r"(?:an?|the)\s+", value, re.IGNORECASE)
    words = STOP.sub("", value[match.end() :]).split() if match else []
    if (
        not words
        or len(words) > 3
        or words[0].casefold() in _NO_JOB
        or BETWEEN & {w.casefold() for w in words}
    ):
        return 0
    return len(STOP.sub("", value).rstrip())


def could_be_name(match: re.Match[str]) -> bool:
    """Whether someone is called so: "call me" takes a capital, "my name is" one or two words."""
    value = match["object"]
    if match[0].casefold().startswith("call"):
        width = capitals(value, 2)
        refuted = value[:width].casefold() in _NOT_CALLED or match.string[match.end() :].lstrip().startswith(
            "but"
        )
        return bool(width) and not refuted and TAIL.match(value, width) is not None
    words = STOP.sub("", value).split()
    return len(words) <= 2 and words[0].casefold() not in BETWEEN | ARTICLES


def day_of(match: re.Match[str]) -> str:
    """A day of the year, always told as "May 5th"; as it stands where day and month could be either."""
    if match["first"]:
        one, two = int(match["first"]), int(match["second"])
        day, month = (one, two) if one > 12 else (two, one)
        if one <= 12 and two <= 12 and one != two:
            return f"{one}/{two}"
        name = _MONTHS[month - 1] if 1 <= month <= 12 else ""
    else:
        day, short = int(match["day"] or match["day2"]), (match["month"] or match["month2"]).casefold()
        name = next((month for month in _MONTHS if month.startswith(short)), "")
    if not name or not 1 <= day <= 31:
        return ""
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{name.capitalize()} {day}{ending}"
