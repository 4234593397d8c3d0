"""The charts of a memory: they show what is there, the same every time, and no text of chat is markup."""

import json
import re

import numpy as np
import pytest

from hikari_ml.config import MemorySettings
from hikari_ml.context_memory.consolidation import consolidation_score
from hikari_ml.report.memory_charts import (
    LABELLED,
    curves,
    drawn,
    fading_chart,
    filling,
    graph_chart,
    growth_chart,
    thresholds,
    told_apart,
)
from hikari_ml.report.memory_view import Line, MemoryView, people_of
from tests.support import START, at

EVIL = "<b>bold</b><img src=x onerror=alert(1)> </script><script>alert(1)</script> %{y} {{ 7 * 7 }}"


def line(content, importance=0.5, who="anna", tier="short_term", seconds=0):
    moment = at(seconds)
    return Line(
        content=content, who=who, type="fact", tier=tier, importance=importance, base=importance, recalls=0,
        arousal=0.0, count=1, created=moment, touched=moment, until=None, reasons=(),
    )  # fmt: skip


def relation(source, kind, target, strength=0.6):
    return {"source": source, "kind": kind, "target": target, "strength": strength, "evidence": 1}


def seen(lines, relations=()):
    return MemoryView(
        name="m", at=at(3600), faded=False, settings=MemorySettings(), stats={}, lines=lines,
        people=people_of(lines), relations=list(relations), themes=[], episodes=[],
    )  # fmt: skip


def traces(html):
    """The traces of a chart as plotly will read them."""
    start = html.index("[", html.index("Plotly.newPlot("))
    return json.JSONDecoder().raw_decode(html, start)[0]


def test_growth_counts_every_memory_of_every_tier():
    lines = [line("a"), line("b", seconds=60), line("c", tier="long_term", seconds=120)]
    found = {trace["name"]: list(trace["y"]) for trace in traces(growth_chart(seen(lines)))}
    assert found.keys() == {"short-term", "long-term"}
    assert (found["short-term"][0], found["short-term"][-1]) == (1, 2)
    assert (found["long-term"][0], found["long-term"][-1]) == (0, 1)


def test_one_memory_is_a_chart_too():
    view = seen([line("alone")], [relation("anna", "likes", "tea")])
    for chart in (growth_chart, fading_chart, graph_chart):
        assert "Plotly.newPlot" in chart(view)


def test_curves_fall_from_what_is_left_and_lie_apart():
    lines = [line("a", 0.9), line("b", 0.895), line("c", 0.5)]
    assert [chosen.content for chosen in told_apart(lines, 8)] == ["a", "c"]
    assert len(told_apart([line(str(i), i / 100) for i in range(100, 0, -3)], 8)) == 8
    found = traces(fading_chart(seen(lines)))
    assert len(found) == 2 * len(curves(seen(lines))) == 4
    ahead = list(found[1]["y"])
    assert ahead == sorted(ahead, reverse=True)
    assert ahead[-1] == pytest.approx(0.9 * 0.995 ** (90 + 1 / 24))


def test_a_memory_at_the_threshold_has_the_score_that_is_needed():
    found = thresholds(0.45)
    assert [recalled for _, recalled in found] == ["never recalled", "recalled once", "recalled 3 times"]
    for (importance, _), recalls in zip(found, (0, 1, 3), strict=True):
        assert consolidation_score(importance, recalls) == pytest.approx(0.45)
    assert thresholds(1.0) == []


def test_relations_of_the_same_two_are_one_line():
    graph = drawn([
        relation("Anna", "likes", "tea"), relation("anna", "mentions", "Tea"), relation("ben", "with", "cat"),
    ])  # fmt: skip
    assert set(graph.edges) == {("anna", "tea"), ("ben", "cat")}
    assert graph.edges["anna", "tea"]["stated"] is True
    assert graph.edges["ben", "cat"]["stated"] is False
    assert len(graph.edges["anna", "tea"]["said"]) == 2
    assert graph.nodes["anna"] == {"label": "Anna", "strength": pytest.approx(1.2)}


def test_the_same_memory_gives_the_same_drawing_with_everyone_in_it():
    relations = [relation(f"user{i % 30}", "likes", f"thing{i % 45}") for i in range(120)]
    view = seen([line("x", who=f"user{i}") for i in range(30)], relations)
    assert graph_chart(view) == graph_chart(view)
    nodes = [trace for trace in traces(graph_chart(view)) if "customdata" in trace]
    places = {(x, y) for trace in nodes for x, y in zip(trace["x"], trace["y"], strict=True)}
    assert {trace["name"] for trace in nodes} == {"people", "what they speak of"}
    assert len(places) == 75
    assert sum(bool(name) for trace in nodes for name in trace["text"]) <= LABELLED


def test_one_name_far_out_leaves_the_others_their_room():
    along = np.array([0.3, 0.0, 0.1, 0.2, 0.4, 40.0])
    found = filling(along)
    assert list(np.argsort(found)) == list(np.argsort(along)), "nobody changes sides"
    assert (found.min(), found.max()) == (0.0, 1.0)
    assert sorted(found)[-2] > 0.4
    assert list(filling(np.array([2.0, 2.0]))) == [0.0, 0.0]
    assert list(filling(np.array([5.0, 5.0, 1.0]))) == [1.0, 1.0, 0.0]


def test_names_lie_above_every_dot():
    view = seen([line("x", who="anna")], [relation("anna", "likes", "tea"), relation("ben", "likes", "tea")])
    found = traces(graph_chart(view))
    named = [trace["mode"] == "markers+text" for trace in found]
    assert named == sorted(named)
    dots = [t for t in found if t["mode"] == "markers" and t["marker"]["opacity"] > 0]
    assert [len(trace["x"]) for trace in dots] == [1, 2]
    assert [t["x"] for t in found[-2:]] == [t["x"] for t in dots]


def test_what_stands_at_the_rim_is_named():
    crowd = [relation(f"user{i % 40}", "with", f"thing{i % 39}", 0.9) for i in range(200)]
    view = seen([line("x")], [*crowd, relation("user1", "lives in", "Oslo")])
    assert any("Oslo" in trace["text"] for trace in traces(graph_chart(view)) if "customdata" in trace)


@pytest.mark.parametrize("chart", [growth_chart, fading_chart, graph_chart])
def test_what_people_wrote_is_text_in_a_chart(chart):
    view = seen([line(EVIL, who=EVIL)], [relation(EVIL, EVIL, "<i>x</i>")])
    html = chart(view)
    assert "<script>alert" not in html
    assert "<img" not in html
    for text in re.findall(r'"(?:name|text|hovertext)":\s*(\[[^\]]*\]|"[^"]*")', html):
        plain = json.loads(text)
        for said in plain if isinstance(plain, list) else [plain]:
            tags = set(re.findall(r"<[^>]*>", said))
            assert tags <= {"<b>", "</b>", "<br>"}, "only our own markup"
    assert html.count("\\u003c/script") == 0


def test_times_of_a_chart_lie_within_what_is_shown():
    found = traces(growth_chart(seen([line("a"), line("b", seconds=600)])))
    assert found[0]["x"][0].startswith(START.isoformat()[:16])
