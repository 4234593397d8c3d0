"""The charts of a memory: how it grew, how it fades, who and what belong together.

Plotly reads a little HTML in the texts of a chart, so what people wrote is escaped before it gets there.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import islice
from typing import Final

import networkx as nx
import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from hikari_ml.chat import user_key
from hikari_ml.context_memory.consolidation import IMPORTANCE_SHARE, consolidation_score
from hikari_ml.context_memory.graph import SEEN
from hikari_ml.models.summarizer import shorten
from hikari_ml.report.charts import ALERT, INK, MOMENT, MOOD, RATE, VIEWERS, as_html, layout
from hikari_ml.report.memory_view import Line, MemoryView
from hikari_ml.results import Relation, Tier

TIER_COLORS: Final[dict[Tier, str]] = {"long_term": MOOD, "episodic": VIEWERS, "short_term": RATE}
CURVE_COLORS: Final = (MOOD, RATE, VIEWERS, MOMENT, "#4fb3d9", "#e57fb1", "#7fae4c", "#9aa3b8")
STEPS: Final = 160
"""Points of a line over time."""

AHEAD: Final = timedelta(days=90)
ALIKE: Final = 0.02
"""Importance by which two curves must differ to be told apart."""

RECALLS_SHOWN: Final = (0, 1, 3)
LABELLED: Final = 70
"""Names that are written into the graph; the others show when pointed at."""

FEW: Final = 3
"""Names of a group that need little height."""

MANY: Final = 16
"""Names of a group that need more width than height."""

WIDTH: Final = 1.7
"""Width of the drawing, in sides of a square of the same area."""

SPREAD: Final = 3.0
"""How far springs hold names apart; networkx takes 1 where it is not told."""

EVENED: Final = 0.6
"""Share of a place that goes by how many names lie before it, rather than by how far its springs pull it."""

SHOWN_TEXT: Final = 70
SEED: Final = 7
PEOPLE: Final = "people"
THINGS: Final = "what they speak of"


def growth_chart(view: MemoryView) -> str:
    """How many memories of each tier there are, by when they were made."""
    figure = go.Figure()
    times = sorted(line.created for line in view.lines)
    moments = _moments(times[0], times[-1])
    for tier, color in TIER_COLORS.items():
        made = sorted(line.created for line in view.lines if line.tier == tier)
        if made:
            figure.add_scatter(
                x=moments, y=[bisect_right(made, moment) for moment in moments],
                name=tier.replace("_", "-"), stackgroup="tiers", line={"color": color, "width": 1.5},
                fillcolor=_pale(color), hovertemplate="%{y:,} %{fullData.name}<extra></extra>",
            )  # fmt: skip
    looks = layout(height=300)
    looks["yaxis"] |= {"title": {"text": "memories"}, "rangemode": "tozero"}
    figure.update_layout(looks)
    return as_html(figure, "growth")


def fading_chart(view: MemoryView) -> str:
    """Importance of the most important memories until now, and for 90 days if nobody recalls them."""
    figure = go.Figure()
    rate, end = view.settings.decay_rate, view.at + AHEAD
    for color, line in curves(view):
        for moments, dash in (
            (_moments(min(line.touched, view.at), view.at), "solid"),
            (_moments(view.at, end), "dot"),
        ):
            figure.add_scatter(
                x=moments, y=[line.worth(moment, rate) for moment in moments], mode="lines", showlegend=False,
                line={"color": color, "width": 2.5 if dash == "solid" else 1.8, "dash": dash},
                name=_spoken(line), hovertemplate="%{y:.2f}  %{fullData.name}<extra></extra>",
            )  # fmt: skip
    looks = layout(height=380)
    looks |= {"hovermode": "closest", "showlegend": False}
    looks["yaxis"] |= {"title": {"text": "importance"}, "range": [0, 1.04]}
    looks["margin"] |= {"r": 24}
    figure.update_layout(looks)
    _draw_limits(figure, view)
    return as_html(figure, "fading")


def curves(view: MemoryView) -> list[tuple[str, Line]]:
    """The memories that :func:`fading_chart` shows, each with its colour: of those that hold."""
    standing = [line for line in view.lines if line.ended is None]
    return list(zip(CURVE_COLORS, told_apart(standing, len(CURVE_COLORS)), strict=False))


def told_apart(lines: Sequence[Line], most: int) -> list[Line]:
    """The most important of ``lines``; of those whose curves would lie on each other, the first."""
    found: list[Line] = []
    for line in lines:
        if len(found) == most:
            break
        if all(abs(line.importance - other.importance) >= ALIKE for other in found):
            found.append(line)
    return found


def thresholds(threshold: float) -> list[tuple[float, str]]:
    """The importance from which a memory becomes long-term, by how often it was recalled."""
    found = []
    for recalls in RECALLS_SHOWN:
        needed = (threshold - consolidation_score(0.0, recalls)) / IMPORTANCE_SHARE
        if 0 < needed < 1:
            times = "never recalled" if not recalls else f"recalled {'once' if recalls == 1 else recalls}"
            found.append((needed, times + (" times" if recalls > 1 else "")))
    return found


def graph_chart(view: MemoryView) -> str:
    """The strongest relations as a drawing: the same memory always gives the same."""
    graph = drawn(view.relations)
    place = _places(graph)
    figure = go.Figure()
    _draw_edges(figure, graph, place)
    who = {user_key(person.name) for person in view.people}
    _draw_nodes(figure, graph, place, lambda node: user_key(node) in who)
    looks = layout(height=560)
    looks |= {"hovermode": "closest", "dragmode": "pan", "margin": {"l": 8, "r": 8, "t": 12, "b": 8}}
    looks["xaxis"] = {"visible": False}
    looks["yaxis"] = {"visible": False}
    figure.update_layout(looks)
    return as_html(figure, "graph")


def drawn(relations: Iterable[Relation]) -> nx.Graph[str]:
    """One line between two names however many relations they have; ``said`` lists these."""
    graph: nx.Graph[str] = nx.Graph()
    for relation in relations:
        ends = [relation["source"].casefold(), relation["target"].casefold()]
        for node, name in zip(ends, (relation["source"], relation["target"]), strict=True):
            if node not in graph:
                graph.add_node(node, label=name, strength=0.0)
            graph.nodes[node]["strength"] += relation["strength"]
        if not graph.has_edge(*ends):
            graph.add_edge(*ends, weight=relation["strength"], said=[], stated=False)
        edge = graph.edges[ends[0], ends[1]]
        edge["weight"] = max(edge["weight"], relation["strength"])
        edge["stated"] |= relation["kind"] not in SEEN
        edge["said"].append(
            f"{relation['source']} {relation['kind']} {relation['target']} "
            f"({relation['evidence']} {'memory' if relation['evidence'] == 1 else 'memories'})"
        )
    return graph


def _places(graph: nx.Graph[str]) -> dict[str, tuple[float, float]]:
    """Where each name stands: every group of names by itself, the groups side by side, largest first.

    A spring layout of all at once pushes groups that nothing ties together out of sight of each other.
    """
    groups = sorted(nx.connected_components(graph), key=lambda group: (-len(group), min(group)))
    found: dict[str, tuple[float, float]] = {}
    rooms = [_room(len(group)) for group in groups]
    area = sum(wide * high for wide, high in rooms)
    whole = max(WIDTH * math.sqrt(area), *(wide for wide, _ in rooms), 0.0)
    left, top, row = 0.0, 0.0, 0.0
    for group, (wide, high) in zip(groups, rooms, strict=True):
        if left and left + wide > whole:
            left, top, row = 0.0, top - row, 0.0
        filled = 0.5 if len(group) <= FEW else 0.75  # the rest is for the names
        for node, (x, y) in _spread(graph, group).items():
            found[node] = (left + wide * (0.5 + filled * (x - 0.5)), top - high * (0.5 + filled * (y - 0.5)))
        left, row = left + wide, max(row, high)
    return found


def _spread(graph: nx.Graph[str], group: set[str]) -> dict[str, tuple[float, float]]:
    """Where the names of a group stand by their springs, filling a square from 0 to 1."""
    inner = nx.Graph(graph.subgraph(sorted(group)))
    apart = SPREAD / math.sqrt(len(group))
    springs = nx.spring_layout(inner, k=apart, seed=SEED, weight=None, iterations=300)
    x, y = (filling(along) for along in np.array(list(springs.values())).T)
    return {node: (float(x[i]), float(y[i])) for i, node in enumerate(springs)}


def filling(along: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Coordinates, shape (n,), in the order of ``along`` and from 0 to 1, partly by distance, partly by rank.

    By distance alone one name far out would squeeze all the others together.
    """
    far = np.asarray((along - along.min()) / max(float(np.ptp(along)), 1e-9), np.float64)
    if len(along) <= FEW:
        return far
    rank = np.argsort(np.argsort(along, kind="stable"), kind="stable") / (len(along) - 1)
    return np.asarray((1 - EVENED) * far + EVENED * rank, np.float64)


def _room(names: int) -> tuple[float, float]:
    """Width and height for a group of so many names: pairs lie flat, and large groups get most of a row."""
    side = 1.4 + math.sqrt(names)
    if names <= FEW:
        return side, side / 2
    return (2 * side, side) if names > MANY else (side, side)


def _draw_edges(figure: go.Figure, graph: nx.Graph[str], place: dict[str, tuple[float, float]]) -> None:
    for stated, color in ((False, "rgba(139, 147, 167, 0.30)"), (True, "rgba(91, 141, 239, 0.60)")):
        edges = [(a, b) for a, b, data in graph.edges(data=True) if data["stated"] is stated]
        lines: list[tuple[float | None, float | None]] = []
        for a, b in edges:
            lines += [place[a], place[b], (None, None)]
        figure.add_scatter(
            x=[x for x, _ in lines], y=[y for _, y in lines], mode="lines", hoverinfo="skip",
            showlegend=False, line={"color": color, "width": 1.6 if stated else 1},
        )  # fmt: skip
        middles = [[(p + q) / 2 for p, q in zip(place[a], place[b], strict=True)] for a, b in edges]
        figure.add_scatter(
            x=[x for x, _ in middles], y=[y for _, y in middles], mode="markers", showlegend=False,
            marker={"size": 9, "opacity": 0}, hovertemplate="%{text}<extra></extra>",
            text=[_lines(graph.edges[edge]["said"]) for edge in edges],
        )  # fmt: skip


def _draw_nodes(
    figure: go.Figure,
    graph: nx.Graph[str],
    place: dict[str, tuple[float, float]],
    is_person: Callable[[str], bool],
) -> None:
    strength = {node: graph.nodes[node]["strength"] for node in graph}
    ranked = sorted(graph, key=lambda node: (-strength[node], node))
    rank = {node: at for at, node in enumerate(ranked)}
    shown = _labelled(graph, ranked)
    kinds = [
        (name, color, nodes)
        for person, name, color in ((True, PEOPLE, MOMENT), (False, THINGS, MOOD))
        if (nodes := [node for node in graph if is_person(node) is person])
    ]
    for name, color, nodes in kinds:
        figure.add_scatter(
            **_at(nodes, place), name=name, mode="markers", hovertext=[_about(graph, node) for node in nodes],
            hovertemplate="%{hovertext}<extra></extra>",
            marker={"color": color, "line": {"width": 0}, "opacity": 0.95, "size": _sizes(nodes, strength)},
        )  # fmt: skip
    for name, _, nodes in kinds:  # above every dot; what cannot be seen of these keeps names off their own
        figure.add_scatter(
            **_at(nodes, place), name=name, mode="markers+text", showlegend=False, hoverinfo="skip",
            textposition="top center", textfont={"size": 11.5, "color": INK},
            text=[_label(graph, node) if node in shown else "" for node in nodes],
            customdata=[rank[node] for node in nodes],
            marker={"opacity": 0, "size": _sizes(nodes, strength)},
        )  # fmt: skip


def _at(nodes: Iterable[str], place: dict[str, tuple[float, float]]) -> dict[str, list[float]]:
    x, y = zip(*(place[node] for node in nodes), strict=True)
    return {"x": list(x), "y": list(y)}


def _sizes(nodes: Iterable[str], strength: dict[str, float]) -> list[float]:
    return [7 + 6 * math.sqrt(strength[node]) for node in nodes]


def _draw_limits(figure: go.Figure, view: MemoryView) -> None:
    """The floor, what a memory must be worth to become long-term, and now."""
    figure.add_hline(
        view.settings.forget_below, line={"color": ALERT, "width": 1.5, "dash": "dash"},
        annotation={"text": "forgotten below", "font": {"color": ALERT, "size": 12}, "yanchor": "bottom"},
        annotation_position="top left",
    )  # fmt: skip
    for importance, recalled in thresholds(view.settings.consolidation_threshold):
        figure.add_hline(
            importance, line={"color": INK, "width": 1, "dash": "dash"}, opacity=0.6,
            annotation={"text": recalled, "font": {"size": 12, "color": INK}},
            annotation_position="top right",
        )  # fmt: skip
    figure.add_vline(
        view.at.timestamp() * 1000, line={"color": INK, "width": 1}, annotation_text="now",
        annotation_position="top right", annotation_font={"size": 12, "color": INK},
    )  # fmt: skip


def _labelled(graph: nx.Graph[str], ranked: Sequence[str]) -> set[str]:
    """Names that are written beside their dots: the strongest, and those that have room around them."""
    loose = (
        node
        for node in ranked[LABELLED // 2 :]
        if graph.degree(node) == 1 or len(nx.node_connected_component(graph, node)) <= FEW
    )
    return {*ranked[: LABELLED // 2], *islice(loose, LABELLED // 2)}


def _label(graph: nx.Graph[str], node: str) -> str:
    return escape(shorten(graph.nodes[node]["label"], 22))


def _about(graph: nx.Graph[str], node: str) -> str:
    said = [text for _, _, data in graph.edges(node, data=True) for text in data["said"]]
    more = f"<br>and {len(said) - 8} more" if len(said) > 8 else ""
    return f"<b>{_label(graph, node)}</b><br>{_lines(said[:8])}{more}"


def _lines(texts: Sequence[str]) -> str:
    return "<br>".join(escape(shorten(text, SHOWN_TEXT)) for text in texts)


def _spoken(line: Line) -> str:
    who = f"{line.who}: " if line.who else ""
    return escape(shorten(who + line.content, SHOWN_TEXT))


def _moments(start: datetime, end: datetime) -> list[datetime]:
    return [start + (end - start) * at / (STEPS - 1) for at in range(STEPS)]


def _pale(color: str) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.35)"
