"""What changes a life, and what must be known of one: health, family, losses, partings, dismissals; pure.

Half of what sounds like it is a joke: "I'm dead", "I'm blind lol", "I have cancer from this chat". So each
needs positive evidence, as a slot does: nothing may follow but when it came to be or another clause, and
nobody may laugh in the line. A joke with a straight face ("I'm blind", after a missed shot) still passes.

Whom somebody loves, what they are and an infection that people are shunned for are not read: a companion that
mentions those before a crowd does more harm than one that forgot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from hikari_ml.context_memory.evidence import capitals, trimmed
from hikari_ml.context_memory.statement import AM, KIN, NOW, OBJECT, ONE, Clause, Statement

LEFT: Final = ("job", "employer")
"""Slots that are empty for whom no job is left."""

_SIDE = r"(?:one|my|the|both)\s+(?:(?:left|right)\s+)?(?:ears?|eyes?)"
_BECOMING = (
    r"(?:\s+(?:with\s+(?:twins|triplets|a\s+(?:boy|girl)|(?:my|our)\s+(?:first|second|third|fourth))"
    rf"|in\s+{_SIDE}|(?:since|from)\s+birth))?"
)
_STATE = re.compile(
    rf"{AM}{NOW}(?:(?:legally|partially|completely|fully|mostly|severely|\w+\s+(?:weeks?|months?))\s+)?"
    r"(?P<object>pregnant|deaf|hard\s+of\s+hearing|blind|colou?r[- ]?blind|visually\s+impaired|mute|disabled"
    r"|paraly[sz]ed|diabetic|epileptic|asthmatic|autistic|dyslexic|co?eliac|(?:lactose|gluten)[- ]intolerant"
    r"|pescatarian)"
    rf"\b{_BECOMING}",
    re.IGNORECASE,
)
_ILLNESS = (
    r"diabetes|asthma|epilepsy|adhd|autism|asperger'?s|cancer|leuk(?:a)?emia|lymphoma"
    r"|depression|anxiety|anorexia|bulimia|c?ptsd|ocd|bpd"
    r"|bipolar(?:\s+disorder)?|schizophrenia|co?eliac(?:\s+disease)?|crohn'?s(?:\s+disease)?|ibs|ibd|colitis|lupus|ms"
    r"|multiple\s+sclerosis|parkinson'?s|fibromyalgia|chronic\s+(?:pain|fatigue|migraines)|migraines|dyslexia"
    r"|tinnitus|arthritis|tourette'?s|narcolepsy|endometriosis|pcos|cerebral\s+palsy|cystic\s+fibrosis|dementia"
    r"|long\s+covid|covid"
)
_KINDS = r"(?:type\s+(?:1|2|one|two)|stage\s+\w+|chronic|severe|breast|lung|skin|bowel|blood|bone|brain)\s+"
_ILL = re.compile(
    rf"i(?:(?:'ve)?\s+{NOW}(?:have|got|suffer\s+from)"
    rf"|(?:'ve\s+|\s+have\s+|\s+){NOW}(?:was|been|got)\s+{NOW}diagnosed\s+with)"
    rf"\s+(?P<object>(?:{_KINDS})?(?:{_ILLNESS}))(?!\w)",
    re.IGNORECASE,
)
_ALLERGIC = re.compile(
    rf"{AM}{NOW}(?:(?:\w+ly|very|super|so|quite|really)\s+)?allergic\s+to\s+(?:anything\s+(?:with|containing)\s+)?{OBJECT}",
    re.IGNORECASE,
)
_NO_ALLERGEN = re.compile(
    r"(?!herrings?\b)\w+ing\b"
    r"|(?:work|jobs?|effort|skill|fun|fail(?:ure)?|wins?|loss(?:es)?|ls?|ws?|success|sleep|people|humans?|men|women"
    r"|stupid\w*|idiots?|dumb\w*|bull\s*shit|bs|cringe|drama|toxic\w*|mornings?|mondays?|money|happiness|love"
    r"|feelings?|emotions?|commitment|responsibilit\w+|sunlight|outside|reality|chat|streamers?|mods?|ads?|games?|bosses"
    r"|(?:bad\s+)?takes?|(?:bronze|silver|gold|plat(?:inum)?|ranks?|ranked)(?:\s+\w+)?|noobs?|math|school|homework|damage|objectives|teamwork|healers?|me|myself|us|s?he)\b",
    re.IGNORECASE,
)
"""What people say in jest that they are allergic to."""
_BIRTH = re.compile(
    rf"(?:i|we)(?:'ve|\s+have)?\s+{NOW}had\s+(?:(?:a|our|my)\s+(?:(?:first|second|third|little)\s+)?)?"
    r"(?P<object>baby(?:\s+(?:boy|girl))?|son|daughter|child|twins)\b"
    rf"|my\s+(?P<born>son|daughter|baby|niece|nephew|grand(?:son|daughter|child)|baby\s+(?:brother|sister))\s+was\s+"
    rf"{NOW}born\b",
    re.IGNORECASE,
)
_NAME = r"(?:\s+(?P<name>(?!(?:just|has|had|is|was|and|finally|recently|sadly)\b)(?-i:[A-Z])\w+))?"
_CAUSE = (
    r"(?:\s+(?:of|from)\s+(?:(?:\w+\s+)?cancer|old\s+age|covid|leuk(?:a)?emia|an?\s+(?:stroke|heart\s+attack|accident)"
    r"|(?:kidney|heart|liver)\s+failure|dementia|suicide))?(?:\s+this\s+morning)?"
)
_DEATH = re.compile(
    r"my\s+(?:(?:old|dear|sweet|poor|beloved|little|big|older|younger|best|great)[\s-]+)*"
    rf"(?P<who>{KIN}|grand(?:ma|pa|mother|father)|granny|nana|aunt|uncle|cousin|friend)"
    rf"{_NAME}\s+(?:has\s+)?(?:sadly\s+|suddenly\s+)?{NOW}(?:died|passed\s+away)\b{_CAUSE}",
    re.IGNORECASE,
)
_PARTNER = r"(?P<who>boyfriend|girlfriend|bf|gf|partner|fianc[eé]e?|husband|wife)"
_PLAYED: Final = frozenset({"friend", "partner", "horse", "baby", "son"})
"""Who dies in games: without a name it is mostly meant so."""
_MARRIED: Final = frozenset({"husband", "wife", "partner"})
_BROKE = r"(?:broke|broken)\s+up"
_HAS = r"(?:has\s+|have\s+)?"
_PARTING = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:i|we)(?:'ve|\s+have)?\s+{NOW}{_BROKE}\s+with\s+my\s+{_PARTNER}{_NAME}\b",
        rf"i(?:'ve|\s+have)?\s+{NOW}dumped\s+my\s+{_PARTNER}{_NAME}\b",
        rf"my\s+{_PARTNER}{_NAME}\s+(?:and\s+i\s+)?{_HAS}{NOW}(?:{_BROKE}(?:\s+with\s+me)?|dumped\s+me)\b",
        rf"i\s+{NOW}got\s+dumped\b",
        rf"we(?:'ve|\s+have)?\s+{NOW}{_BROKE}\b",
    )
)
_DISMISSED = re.compile(
    rf"i(?:\s+{NOW}got|(?:'ve|\s+have)\s+{NOW}been|\s+was\s+just|\s+just\s+was)\s+{NOW}"
    r"(?:fired|laid\s+off|sacked|made\s+redundant)\b"
    rf"(?:\s+(?:from|by)\s+(?:my\s+(?:job|work|boss|company)\b|work\b|{OBJECT}))?",
    re.IGNORECASE,
)
TALE = re.compile(
    r"\b(?:back\s+together|ex|exes|back\s+then|used\s+to|(?:high|middle|elementary)\s+school|college|years\s+ago"
    r"|months\s+ago|in\s+(?:19|20)\d\d|last\s+(?:year|summer|winter|spring|fall|autumn)|once|because|cause|cuz|since"
    r"|when|where|which|almost|nearly)\b",
    re.IGNORECASE,
)
"""What may make a parting or a dismissal one of the past, or a tale with a reason."""


def circumstances(clause: Clause) -> Iterator[Statement]:
    """What a clause says of its speaker's circumstances."""
    for read in (_state, _ill, _allergic, _birth, _death, _parting, _dismissal):
        yield from read(clause)


def _state(clause: Clause) -> Iterator[Statement]:
    return _plainly(clause, "is", clause.match(_STATE))


def _ill(clause: Clause) -> Iterator[Statement]:
    return _plainly(clause, "has", clause.match(_ILL))


def _plainly(clause: Clause, kind: str, match: re.Match[str] | None) -> Iterator[Statement]:
    if match and clause.earnest(match.end()):
        yield Statement(kind, trimmed(match["object"]), start=clause.start, end=match.end())


def _allergic(clause: Clause) -> Iterator[Statement]:
    """An allergy; the thing alone decides, because one that is told with a laugh may be one all the same."""
    match = clause.match(_ALLERGIC)
    thing = trimmed(match["object"]) if match else ""
    if match and thing and not clause.framed and not _NO_ALLERGEN.match(thing):
        yield Statement("is allergic to", thing, start=clause.start, end=match.end())


def _birth(clause: Clause) -> Iterator[Statement]:
    match = clause.match(_BIRTH)
    if match and clause.earnest(match.end()):
        thing = (match["object"] or match["born"]).casefold()
        yield Statement("has", thing, start=clause.start, end=match.end())


def _death(clause: Clause) -> Iterator[Statement]:
    """A death. It ends a name only if it tells it: who says next "I miss Mochi" is to be understood."""
    match = clause.match(_DEATH)
    if match and not _played(match) and clause.earnest(match.end()):
        who = match["who"].casefold()
        yield Statement("mourns", match["name"] or who, start=clause.start, end=match.end())
        yield from _name_ends(who, match["name"])


def _played(match: re.Match[str]) -> bool:
    died = "died" in match[0].casefold()
    return died and not match["name"] and match["who"].casefold() in _PLAYED


def _parting(clause: Clause) -> Iterator[Statement]:
    """The end of a love: of an engagement or a marriage, but who was single or divorced is so again.

    Who parts from a boyfriend was not married to him.
    """
    for match in filter(None, map(clause.match, _PARTING)):
        if clause.now(match.end()) and not TALE.search(clause.around):
            parts = match.groupdict()
            who = (parts.get("who") or "partner").casefold()
            who = {"bf": "boyfriend", "gf": "girlfriend"}.get(who, who)
            yield Statement("parted from", who, start=clause.start, end=match.end())
            for bond in ("married", "engaged") if who in _MARRIED else ("engaged",):
                yield Statement("is", bond, "partnership", ends=True)
            yield from _name_ends(who, parts.get("name"))
            return


def _name_ends(who: str, name: str | None) -> Iterator[Statement]:
    if name and re.fullmatch(ONE, who):
        yield Statement(f"has {who}", name, f"name of {who}", ends=True)


def _dismissal(clause: Clause) -> Iterator[Statement]:
    """The end of every job, or of that with the employer who is named."""
    match = clause.match(_DISMISSED)
    if match is None or TALE.search(clause.around):
        return
    end, employer = match.end(), ""
    if match["object"]:
        width = capitals(match["object"], 3)
        end, employer = match.start("object") + width, match["object"][:width]
        if not width:
            return
    if clause.now(end):
        yield Statement("left", employer or "job", start=clause.start, end=end)
        if employer:
            yield Statement("works at", employer, "employer", ends=True)
        else:
            yield from (Statement("left", "", slot, ends=True) for slot in LEFT)
