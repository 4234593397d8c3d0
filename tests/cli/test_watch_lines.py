"""Events as lines of the terminal: what happened, and nothing that steers it."""

import pytest

from hikari_ml.cli.watch_lines import line_of

EVIL = "\x1b[31m[bold]x[/bold]\x07\u202e"


def analysis(text, *, toxic=False, username="anna"):
    return {
        "username": username,
        "text": text,
        "sentiment": {"aggregate": {"label": "very_positive"}},
        "emotion": {"primary": "joy"},
        "toxicity": {"is_toxic": toxic, "overall": 0.93, "categories": {"toxic": 0.5, "insult": 0.93}},
    }


def line(kind, data):
    found = line_of({"type": kind, "at": "2026-01-10T20:15:03.000Z", "data": data, "dropped": 0})
    return found.plain.partition("  ")[2] if found is not None else None


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("message", {"analysis": analysis("hello")}, "anna              very positive, joy      hello"),
        (
            "message",
            {"analysis": analysis("you idiot", toxic=True)},
            "anna              very positive, joy      you idiot  [toxic 0.93: insult]",
        ),
        (
            "memory",
            {"type": "fact", "username": "anna", "content": "two cats"},
            "remembers (fact) of anna: two cats",
        ),
        ("moment", {"reason": "chat jumps"}, "moment  chat jumps"),
        ("alert", {"reason": "too quiet"}, "alert  too quiet"),
        ("raid", {"username": "carl", "viewers": 1200}, "raid  carl with 1,200"),
        ("stream", {"live": True, "title": "evening", "game": None}, "stream  live · evening"),
        ("source", {"state": "connected", "reason": ""}, "connected"),
        ("source", {"state": "gap", "reason": "5 lost"}, "something may be missing: 5 lost"),
        ("retracted", {"message_id": "m-1"}, "withdrawn  m-1"),
        ("mood", {"valence": 0.1}, None),
    ],
)
def test_what_each_event_looks_like(kind, data, said):
    assert line(kind, data) == said


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("message", {"analysis": analysis(EVIL, username=EVIL)}),
        ("memory", {"type": "fact", "username": EVIL, "content": EVIL}),
        ("raid", {"username": EVIL, "viewers": 1}),
        ("stream", {"live": None, "title": EVIL, "game": EVIL}),
        ("source", {"state": "gap", "reason": EVIL}),
        ("retracted", {"message_id": EVIL}),
    ],
)
def test_nothing_steers_the_terminal(kind, data):
    said = line(kind, data)
    assert not set("\x1b\x07\u202e") & set(said)
    assert "[bold]x[/bold]" in said
