"""The charts of a report, by plotly; readable on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import plotly.graph_objects as go
import plotly.io

from hikari_ml.results import EMOTIONS, Emotion, Point, Replay

INK: Final = "#8b93a7"
GRID: Final = "rgba(139, 147, 167, 0.18)"
RATE: Final = "#5b8def"
MOOD: Final = "#2bb673"
VIEWERS: Final = "#b07cf7"
MOMENT: Final = "#f2a541"
ALERT: Final = "#e5484d"
EMOTION_COLORS: Final[dict[Emotion, str]] = {
    "joy": "#f2c14e",
    "surprise": "#4fb3d9",
    "neutral": "#6b7280",
    "sadness": "#5b7be0",
    "fear": "#9a6fe0",
    "disgust": "#7fae4c",
    "anger": "#e5484d",
}
MOOD_MINUTES: Final = 5
"""Minutes the mood is averaged over in the chart; the JSON has every minute."""

MINUTE: Final = timedelta(minutes=1)
PAUSE: Final = timedelta(minutes=10)
"""A silence that breaks the line of the mood: nobody felt anything then."""


def stream_chart(result: Replay) -> str:
    """Chat rate, mood and viewers on one clock, with moments and anomalies."""
    figure = go.Figure()
    rate = result["chat_rate"]
    figure.add_scatter(
        **_over_gaps(rate, MINUTE, 0.0), name="messages a minute",
        fill="tozeroy", line={"color": RATE, "width": 1.5},
        fillcolor="rgba(91, 141, 239, 0.18)", hovertemplate="%{y:.0f} messages<extra></extra>",
    )  # fmt: skip
    mood = smoothed(result["mood"], MOOD_MINUTES)
    figure.add_scatter(
        **_over_gaps(mood, PAUSE, None), name=f"mood ({MOOD_MINUTES} minutes)", yaxis="y2",
        line={"color": MOOD, "width": 2}, hovertemplate="mood %{y:.2f}<extra></extra>",
    )  # fmt: skip
    if result["viewer_count"]:
        figure.add_scatter(
            **_xy(result["viewer_count"]), name="viewers", yaxis="y3", mode="lines",
            line={"color": VIEWERS, "width": 2, "dash": "dot"},
            hovertemplate="%{y:,.0f} viewers<extra></extra>",
        )  # fmt: skip
    top = max((point["value"] for point in rate), default=1.0)
    _mark(figure, [m["at"] for m in result["moments"]], top * 1.06, "moments", MOMENT, "star",
          [m["reason"] for m in result["moments"]])  # fmt: skip
    _mark(figure, [a["at"] for a in result["anomalies"]], top * 1.12, "unusual", ALERT, "triangle-down",
          [f"{a['kind']}: {a['reason']}" for a in result["anomalies"]])  # fmt: skip
    looks = layout(height=420)
    looks["yaxis"] |= {"title": {"text": "messages a minute"}, "rangemode": "tozero"}
    looks["yaxis2"] = {
        "title": {"text": "mood"}, "overlaying": "y", "side": "right", "range": [0, 1], "showgrid": False,
        "tickvals": [0.2, 0.5, 0.8], "ticktext": ["low", "neutral", "high"],
    }  # fmt: skip
    if result["viewer_count"]:
        most = max(point["value"] for point in result["viewer_count"])
        looks["yaxis3"] = {"overlaying": "y", "side": "right", "visible": False, "range": [0, 1.3 * most]}
    figure.update_layout(looks)
    return as_html(figure, "stream")


def emotion_chart(result: Replay) -> str:
    """Shares of the emotions over time; neutral is left out, so that the rest can be seen."""
    figure = go.Figure()
    series = {name: binned(result["emotion_series"][name], 120) for name in EMOTIONS}
    for name in EMOTIONS:
        if name != "neutral":
            figure.add_bar(
                **_xy(series[name]), name=name, marker={"color": EMOTION_COLORS[name], "line": {"width": 0}},
                hovertemplate=f"{name}: %{{y:.0f}} messages<extra></extra>",
            )  # fmt: skip
    looks = layout(height=300)
    looks |= {"barmode": "stack", "bargap": 0}
    looks["yaxis"] |= {"title": {"text": "messages"}, "rangemode": "tozero"}
    figure.update_layout(looks)
    return as_html(figure, "emotions")


def plotly_script() -> str:
    """The JavaScript that plotly brings, to be put into the page once."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def smoothed(points: Sequence[Point], width: int) -> list[Point]:
    """Centred means over up to ``width`` neighbouring points."""
    half = width // 2
    values = [point["value"] for point in points]
    found: list[Point] = []
    for i, point in enumerate(points):
        near = values[max(0, i - half) : i + half + 1]
        found.append({"at": point["at"], "value": sum(near) / len(near)})
    return found


def binned(points: Sequence[Point], most: int) -> list[Point]:
    """Sums of neighbouring points, so that at most ``most`` are left; each bears its first time."""
    size = max(1, -(-len(points) // most))
    return [
        {"at": points[at]["at"], "value": sum(point["value"] for point in points[at : at + size])}
        for at in range(0, len(points), size)
    ]


def _mark(
    figure: go.Figure,
    times: Sequence[str],
    height: float,
    name: str,
    color: str,
    symbol: str,
    texts: Sequence[str],
) -> None:
    if times:
        figure.add_scatter(
            x=list(times), y=[height] * len(times), name=name, mode="markers", text=list(texts),
            marker={"color": color, "size": 10, "symbol": symbol}, hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip


def _xy(points: Sequence[Point]) -> dict[str, Any]:
    return {"x": [point["at"] for point in points], "y": [point["value"] for point in points]}


def _over_gaps(points: Sequence[Point], longest: timedelta, between: float | None) -> dict[str, Any]:
    """Points of whole minutes, and where more than ``longest`` lies between two, ``between`` at both ends."""
    found = _xy(points[:1])
    for before, after in pairwise(points):
        begin, end = datetime.fromisoformat(before["at"]), datetime.fromisoformat(after["at"])
        if end - begin > longest:
            found["x"] += [(begin + MINUTE).isoformat(), (end - MINUTE).isoformat()]
            found["y"] += [between, between]
        found["x"].append(after["at"])
        found["y"].append(after["value"])
    return found


def layout(height: int) -> dict[str, Any]:
    """How every chart looks; ``height`` is in pixels."""
    return {
        "height": height,
        "margin": {"l": 56, "r": 56, "t": 12, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": INK, "family": "system-ui, sans-serif", "size": 13},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "#1c2130", "font": {"color": "#e8ebf2"}},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "xaxis": {
            "gridcolor": GRID,
            "linecolor": GRID,
        },
        "yaxis": {"gridcolor": GRID, "linecolor": GRID, "zeroline": False},
    }


def as_html(figure: go.Figure, name: str) -> str:
    """``figure`` as markup, in an element with the id ``name``."""
    config = {
        "displayModeBar": False,
        "responsive": True,
    }  # the bar would lie over the legend; dragging zooms
    return str(plotly.io.to_html(figure, include_plotlyjs=False, full_html=False, div_id=name, config=config))
