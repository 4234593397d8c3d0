"""Rendering a memory as a page. Everything that is remembered is escaped by the template engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from hikari_ml import __version__
from hikari_ml.context_memory.graph import SEEN
from hikari_ml.models.summarizer import shorten
from hikari_ml.report.charts import plotly_script
from hikari_ml.report.memory_charts import (
    TIER_COLORS,
    curves,
    drawn,
    fading_chart,
    graph_chart,
    growth_chart,
    thresholds,
)
from hikari_ml.report.memory_view import MemoryView
from hikari_ml.report.page import environment
from hikari_ml.results import Relation

SHOWN_LINES: Final = 500
SHOWN_PEOPLE: Final = 15
SHOWN_NAMES: Final = 4
SHOWN_TEXT: Final = 180
COLUMNS: Final = ("memory", "who", "tier", "importance", "recalls", "said", "age", "forgotten")


def render(view: MemoryView) -> str:
    """One self-contained HTML page of ``view``."""
    charts: dict[str, Markup] = {}
    if view.lines:
        # Charts and script are made by plotly from numbers and escaped text; they are markup already.
        charts = {
            "script": Markup(plotly_script()),  # noqa: S704
            "growth": Markup(growth_chart(view)),  # noqa: S704
            "fading": Markup(fading_chart(view)),  # noqa: S704
            "graph": Markup(graph_chart(view) if view.relations else ""),  # noqa: S704
        }
    return (
        _environment()
        .get_template("memory.html.j2")
        .render(
            view=view,
            version=__version__,
            facts=facts(view),
            lines=view.lines[:SHOWN_LINES],
            listed=listed(view),
            limits=thresholds(view.settings.consolidation_threshold),
            people=view.people[:SHOWN_PEOPLE],
            tiers=[tier for tier in TIER_COLORS if view.stats["by_tier"].get(tier)],
            columns=COLUMNS,
            curves=curves(view),
            strongest=strongest(view),
            line_colors=line_colors(view.relations),
            **charts,
        )
    )


def facts(view: MemoryView) -> list[tuple[str, str]]:
    """The figures at the head of the page, as (value, what it is)."""
    stats = view.stats
    tiers = [(f"{stats['by_tier'].get(tier, 0):,}", tier.replace("_", "-")) for tier in TIER_COLORS]
    return [
        (f"{stats['total']:,}", "memory" if stats["total"] == 1 else "memories"),
        *tiers,
        (f"{stats['users']:,}", "person" if stats["users"] == 1 else "people"),
        (f"{stats['graph']['edges']:,}", "relations"),
        (f"{stats['episodes']:,}", "episode" if stats["episodes"] == 1 else "episodes"),
        (f"{sum(line.recalls for line in view.lines):,}", "recalls"),
        *([(f"{stats['superseded']:,}", "superseded")] if stats["superseded"] else []),
        (_size(stats["bytes"]), "on the disk"),
    ]


def listed(view: MemoryView) -> str:
    """Which memories the table lists, of how many."""
    total = len(view.lines)
    which = f"All {total:,}, the most important first."
    if total > SHOWN_LINES:
        which = f"The {SHOWN_LINES} most important of {total:,}."
    if any(line.ended for line in view.lines[:SHOWN_LINES]):
        which += (
            " What is marked as superseded holds no longer: something that was said later took its place."
        )
    return which


def strongest(view: MemoryView) -> str:
    """Which relations are drawn, of how many."""
    shown, total = len(view.relations), view.stats["graph"]["edges"]
    if shown >= total:
        return f"All {total:,} relations." if total != 1 else "The only relation."
    if len({relation["kind"] in SEEN for relation in view.relations}) == 1:
        return f"The {shown:,} strongest of {total:,} relations."
    return (
        f"{shown:,} of {total:,} relations: the strongest that people say of themselves, "
        "and the strongest of the others."
    )


def line_colors(relations: Sequence[Relation]) -> str:
    """What the lines that are drawn of ``relations`` stand for; of a colour that is not there, nothing."""
    said, seen = "what people say of themselves", "what is named together"
    stated = {data["stated"] for _, _, data in drawn(relations).edges(data=True)}
    if stated == {True, False}:
        return f"Blue lines are {said}, grey ones {seen}"
    return f"The lines are {said if True in stated else seen}"


def age(now: datetime, then: datetime) -> str:
    """How long ago ``then`` was, in the largest unit that says it: 40 s, 12 min, 5 h, 9 d, 3 y."""
    seconds = max(0.0, (now - then).total_seconds())
    for most, unit, name in (
        (60, 1, "s"),
        (3600, 60, "min"),
        (86_400, 3600, "h"),
        (730 * 86_400, 86_400, "d"),
    ):
        if seconds < most:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds // (365 * 86_400):.0f} y"


def people(names: Sequence[str]) -> str:
    """Who ``names`` are, the first of them by name."""
    if not names:
        return "nobody in particular"
    shown = ", ".join(names[:SHOWN_NAMES])
    more = len(names) - SHOWN_NAMES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def span(start: str, end: str) -> str:
    """From when to when, no finer than it helps: on one day by the clock (UTC), else by the day."""
    first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if first.date() != last.date():
        return f"{_date(first)} to {_date(last)}"
    clock = f"{first:%H:%M}" if last - first < timedelta(minutes=1) else f"{first:%H:%M} to {last:%H:%M}"
    return f"{_date(first)}, {clock}"


def _moment(at: datetime) -> str:
    return at.strftime("%d %B %Y, %H:%M UTC")


def _date(at: datetime) -> str:
    return at.strftime("%d %b %Y")


def _month(at: datetime) -> str:
    return at.strftime("%B %Y")


def _times(recalls: int) -> str:
    return {0: "never recalled", 1: "recalled once"}.get(recalls, f"recalled {recalls:,} times")


def _short(text: str) -> str:
    return shorten(text, SHOWN_TEXT)


@cache
def _environment() -> Environment:
    overlay = environment().overlay()
    overlay.filters = environment().filters | {
        "age": age, "people": people, "span": span, "moment": _moment, "date": _date, "short": _short,
        "times": _times, "month": _month,
    }  # fmt: skip
    return overlay
