"""Pasted lines and alerts of one stretch stand on the page once."""

from hikari_ml.report.folding import fold_memories, stretches
from hikari_ml.times import iso
from tests.support import at


def remembered(content, username):
    return {"content": content, "username": username}


def alert(seconds, kind, reason):
    return {"at": iso(at(seconds)), "kind": kind, "score": 0.9, "reason": reason}


def test_a_line_pasted_longer_or_shorter_is_told_once():
    found = fold_memories(
        [
            remembered("WutFace DISGUSTING WutFace STREAM", "anna"),
            remembered("I love salmon", "bert"),
            remembered("WutFace DISGUSTING WutFace STREAM WutFace DISGUSTING STREAM", "ANNA"),
            remembered("disgusting stream WutFace!", "carl"),
        ]
    )
    assert [(one.line["content"], one.times, one.people) for one in found] == [
        ("WutFace DISGUSTING WutFace STREAM", 3, 2),
        ("I love salmon", 1, 1),
    ]


def test_what_differs_by_a_word_is_told_apart():
    lines = ["I have 2 cats", "I have 3 cats", "I do like this game", "I do not like this game", "🎉", "😭"]
    assert len(fold_memories([remembered(line, "anna") for line in lines])) == len(lines)


def test_alerts_of_a_kind_that_follow_each_other_are_one_stretch():
    found = stretches(
        [
            alert(0, "quiet", "chat rate far below usual"),
            alert(10, "quiet", "chat rate far below usual, mood far below usual"),
            alert(60, "quiet", "chat rate far below usual"),
            alert(70, "copypasta", "repeated lines far above usual"),
            alert(80, "quiet", "chat rate far below usual"),
            alert(141, "quiet", "chat rate far below usual"),
        ]
    )
    assert [(one.start, one.end, one.kind) for one in found] == [
        (iso(at(0)), iso(at(60)), "quiet"),
        (iso(at(70)), iso(at(70)), "copypasta"),
        (iso(at(80)), iso(at(80)), "quiet"),
        (iso(at(141)), iso(at(141)), "quiet"),
    ]
    assert found[0].moved == ["chat rate far below usual", "mood far below usual"]


def test_a_stream_without_alerts_has_no_stretch():
    assert stretches([]) == []
