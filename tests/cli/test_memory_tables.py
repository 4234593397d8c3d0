"""Which hits of a search have to do with what was asked, and tables in which everything can be read."""

import re

import pytest

from hikari_ml.cli.memory_tables import (
    relevant,
    show_memories,
    show_relations,
    show_stats,
    show_themes,
    show_verification,
)
from hikari_ml.cli.output import out
from hikari_ml.context_memory.recall import RELEVANT

LONG = "".join(map(chr, range(0x4E00, 0x4E00 + 90)))
"""Ninety different signs without a space, each two columns wide."""


@pytest.mark.parametrize(
    ("why", "about"),
    [
        ({"meaning": RELEVANT, "words": None}, True),
        ({"meaning": RELEVANT - 0.01, "words": None}, False),
        ({"meaning": 0.1, "words": 2.5}, True),
        ({"meaning": None, "words": None, "answers": 0.4}, True),
        ({"meaning": None, "words": None, "meaning_window": 0.9, "named": 1.0}, False),
        ({}, False),
    ],
)
def test_a_hit_is_about_it_by_meaning_by_a_word_or_as_an_answer(why, about):
    assert relevant({"why": why}) is about


def memory(content):
    return {
        "content": content, "metadata": {"user": content}, "created_at": "2026-01-31T20:15:00.000Z",
        "tier": "long_term", "score": 0.5, "why": {}, "degraded": [],
    }  # fmt: skip


def theme(text):
    return {
        "name": text, "central": text, "size": 12_345, "users": [], "start": "2026-01-30T00:00:00.000Z",
        "end": "2026-01-31T00:00:00.000Z", "scope": "all", "among": 9, "degraded": [],
    }  # fmt: skip


def stats(text):
    return {
        "total": 3, "users": 2, "superseded": 0, "by_tier": {}, "by_type": {text: 3}, "episodes": 0,
        "graph": {"nodes": 0, "edges": 0}, "oldest": None, "newest": None, "bytes": 0, "model": text,
        "degraded": [],
    }  # fmt: skip


def relation(text):
    return {"source": text, "kind": text, "target": text, "strength": 0.5, "evidence": 12_345}


def verification(text):
    return {"rows": {}, "faults": [{"table": "t", "key": text, "fault": text}]}


@pytest.mark.parametrize("width", [160, 80, 60, 30])
@pytest.mark.parametrize(
    ("show", "found"),
    [
        (show_memories, [memory(LONG)]),
        (show_themes, [theme(LONG)]),
        (show_stats, stats(LONG)),
        (lambda found: show_relations(found, 1), [relation(LONG)]),
        (show_verification, verification(LONG)),
    ],
    ids=["memories", "themes", "stats", "relations", "verification"],
)
def test_nothing_is_cut_however_narrow_the_terminal_is(capsys, monkeypatch, show, found, width):
    monkeypatch.setattr(out, "_width", width)
    show(found)
    said = capsys.readouterr().out
    assert "…" not in said
    assert [said.count(sign) for sign in LONG] == [said.count(LONG[0])] * len(LONG)
    assert said.count(LONG[0]) >= 2


@pytest.mark.parametrize("width", [160, 80, 60])
def test_days_and_numbers_stay_whole(capsys, monkeypatch, width):
    monkeypatch.setattr(out, "_width", width)
    show_memories([memory(LONG)])
    show_relations([relation(LONG)], 1)
    show_themes([theme(LONG)])
    said = capsys.readouterr().out
    for word in ("2026-01-31", "20:15", "long-term", "0.50", "12,345", "2026-01-30"):
        assert re.search(rf"(?<!\S){word}(?!\S)", said), word


def test_it_is_told_how_many_relations_there_are(capsys):
    show_relations([relation("a")] * 2, 1_239)
    assert "2 strongest of 1,239" in capsys.readouterr().out
    show_relations([relation("a")] * 2, 2)
    assert "strongest" not in capsys.readouterr().out
