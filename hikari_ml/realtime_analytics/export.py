"""What the analytics know, in the forms other programs take: tables, markers of a recording, Prometheus.

Prometheus reads its text format, https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hikari_ml.chat import check_name
from hikari_ml.errors import InputError, MissingExtraError
from hikari_ml.realtime_analytics.checks import check_file
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import Dashboard, Moment

if TYPE_CHECKING:
    import pandas as pd

TABLES: Final = (".csv", ".parquet")
MARKERS: Final = (".csv", ".txt")
MARKER_TEXT: Final = 120
"""Characters of a marker's text."""

Points = Sequence[tuple[float, float]]


def minute_table(minutes: Sequence[Minute], metrics: Mapping[str, Points]) -> pd.DataFrame:
    """One row a minute, oldest first: what chat did in it, and the mean of what was recorded.

    Columns are ``at`` (aware UTC), ``chat_rate``, ``chatters``, ``newcomers``, ``toxic``, ``repeated`` and
    ``with_cue`` (counts), ``mood`` in [0, 1], then the metrics by name, one of the same name as a column
    before it as ``metric NAME``; a cell is empty where nothing is known.
    """
    import pandas as pd

    counted = pd.DataFrame(minutes, columns=Minute._fields).set_index("start")
    counted = counted.rename(columns={"messages": "chat_rate"})
    columns = [counted]
    for name, points in sorted(metrics.items()):
        while name == "at" or any(name in column for column in columns):
            name = f"metric {name}"  # noqa: PLW2901
        columns.append(_by_minute(name, points).to_frame())
    table = pd.concat(columns, axis=1).sort_index()
    table.insert(0, "at", pd.to_datetime(table.index, unit="s", utc=True))
    return table.reset_index(drop=True)


def table_path(path: object) -> Path:
    """The file a table can be written to.

    Raises:
        InputError: it is no path of a file, or has another ending than ``.csv`` or ``.parquet``.
    """
    file = check_file(path)
    _check_ending(file, TABLES)
    return file


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as its file's ending says: ``.csv`` or ``.parquet``.

    Raises:
        InputError: it has another ending, or the file cannot be written.
        MissingExtraError: it is a Parquet file and the ``parquet`` extra is not installed.
    """
    _check_ending(path, TABLES)
    try:
        if path.suffix == ".csv":
            table.to_csv(path, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        else:
            table.to_parquet(path, index=False)
    except ImportError as error:
        raise MissingExtraError("writing Parquet", "parquet") from error
    except OSError as error:
        raise InputError("path", str(path), f"it cannot be written: {error}") from error


def write_moments(moments: Sequence[Moment], began: datetime, path: Path) -> None:
    """Write moments with their time codes in a recording that began at ``began``.

    ``.csv`` has a row a moment: ``time_code``, ``end_code``, ``at`` (UTC), ``score`` and ``reason``. ``.txt``
    has a line a moment, the time code and the reason, as video sites take chapters and markers. One before
    the recording began is left out.

    Raises:
        InputError: it has another ending, or the file cannot be written.
    """
    _check_ending(path, MARKERS)
    within = [moment for moment in moments if _since(moment["start"], began) >= timedelta(0)]
    text = _rows(within, began) if path.suffix == ".csv" else _lines(within, began)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError("path", str(path), f"it cannot be written: {error}") from error


def prometheus_text(board: Dashboard, metrics: Mapping[str, float], channel: str) -> str:
    """The dashboard's numbers and the newest of each recorded metric as Prometheus reads them.

    Every sample carries the ``channel``; a number that is not known is left out.

    Raises:
        InputError: ``channel`` is no name.
    """
    check_name(channel, "channel")
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    now = board["current_metrics"]
    for name, value, about in (
        ("messages_per_minute", now["messages_per_minute"], "Messages a minute just now."),
        ("unique_chatters", now["unique_chatters"], "Different people in the live window."),
        ("viewer_count", now["viewer_count"], "Viewers, as last recorded."),
        ("mood", now["mood"], "Mean mood of the live window, 0 to 1."),
        ("toxicity_rate", now["toxicity_rate"], "Share of toxic messages in the live window."),
        ("emote_rate", now["emote_rate"], "Share of messages with an emote in the live window."),
        ("messages_total", now["total_messages"], "Messages counted since the start."),
        ("chatters_total", now["total_chatters"], "Viewers known."),
        ("late_messages_total", now["late_messages"], "Messages that came too late to be placed."),
    ):
        if value is not None:
            Gauge(f"hikari_{name}", about, ["channel"], registry=registry).labels(channel).set(value)
    emotions = Gauge(
        "hikari_emotion", "Share of each emotion, 0 to 1.", ["channel", "emotion"], registry=registry
    )
    for emotion, share in now["emotions"].items():
        emotions.labels(channel, emotion).set(share)
    recorded = Gauge("hikari_metric", "A recorded metric's newest.", ["channel", "name"], registry=registry)
    for name, value in metrics.items():
        recorded.labels(channel, name).set(value)
    return generate_latest(registry).decode()


def time_code(since: timedelta) -> str:
    """Hours, minutes and seconds since a recording began: ``1:02:03``."""
    minutes, seconds = divmod(int(since.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _rows(moments: Sequence[Moment], began: datetime) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("time_code", "end_code", "at", "score", "reason"))
    for moment in moments:
        start, end = (time_code(_since(at, began)) for at in (moment["start"], moment["end"]))
        writer.writerow((start, end, moment["at"], f"{moment['score']:.3f}", _harmless(moment["reason"])))
    return file.getvalue()


def _lines(moments: Sequence[Moment], began: datetime) -> str:
    return "".join(
        f"{time_code(_since(moment['start'], began))} {' '.join(moment['reason'].split())[:MARKER_TEXT]}\n"
        for moment in moments
    )


def _harmless(text: str) -> str:
    """A cell no spreadsheet takes for a formula: reasons quote what viewers write."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _since(at: str, began: datetime) -> timedelta:
    return datetime.fromisoformat(at).astimezone(UTC) - began


def _by_minute(name: str, points: Points) -> pd.Series[float]:
    import pandas as pd

    starts = [int(at // 60) * 60 for at, _ in points]
    series = pd.Series([value for _, value in points], index=starts, name=name)
    return series.groupby(level=0).mean()


def _check_ending(path: Path, endings: Sequence[str]) -> None:
    if path.suffix not in endings:
        raise InputError("path", str(path), f"its name has to end in {' or '.join(endings)}")
