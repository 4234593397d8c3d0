"""What leaves in other programs' forms is whole, and harmless to them."""

import csv
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.export import (
    minute_table,
    prometheus_text,
    time_code,
    write_moments,
    write_table,
)
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import EMOTIONS

BEGAN = datetime(2026, 1, 10, 20, 0, tzinfo=UTC)
ZERO = int(BEGAN.timestamp())
MINUTES = [
    Minute(ZERO, 30, 12, 2, 1, 3, 10, 0.6),
    Minute(ZERO + 60, 5, 4, 0, 0, 0, 1, None),
]
METRICS = {
    "viewer_count": [(ZERO + 5.0, 100.0), (ZERO + 35.0, 110.0), (ZERO + 125.0, 120.0)],
    "mood": [(ZERO + 61.0, 3.0)],
}


def moment(seconds, reason):
    at = BEGAN + timedelta(seconds=seconds)
    end = (at + timedelta(seconds=45)).isoformat()
    return {"at": at.isoformat(), "start": at.isoformat(), "end": end, "score": 0.75,
            "decided_at": end, "reason": reason}  # fmt: skip


def board():
    return {
        "current_metrics": {
            "messages_per_minute": 31.5, "speed": "fast", "unique_chatters": 12, "viewer_count": None,
            "mood": 0.6, "toxicity_rate": 0.0, "emote_rate": 0.25,
            "emotions": {name: float(name == "joy") for name in EMOTIONS},
            "total_messages": 35, "total_chatters": 14, "late_messages": 0,
        },
    }  # fmt: skip


def test_a_table_has_a_row_a_minute_and_leaves_open_what_is_not_known():
    table = minute_table(MINUTES, METRICS)
    assert list(table["at"]) == [BEGAN + timedelta(minutes=i) for i in range(3)]
    assert list(table["chat_rate"][:2]) == [30, 5]
    assert table["viewer_count"][0] == 105
    assert table["viewer_count"].isna()[1]
    assert table["mood"].isna()[1]
    assert table["metric mood"][1] == 3.0
    assert table["chat_rate"].isna()[2], "no chat was counted then; that is not silence"


def test_an_empty_stream_is_an_empty_table():
    assert len(minute_table([], {})) == 0


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_table_comes_back_from_its_file(ending, tmp_path):
    table, path = minute_table(MINUTES, METRICS), tmp_path / f"minutes{ending}"
    write_table(table, path)
    back = pd.read_csv(path, parse_dates=["at"]) if ending == ".csv" else pd.read_parquet(path)
    assert list(back.columns) == list(table.columns)
    assert list(back["at"]) == list(table["at"])
    assert back["viewer_count"].fillna(-1).tolist() == table["viewer_count"].fillna(-1).tolist()


def test_moments_become_rows_with_time_codes(tmp_path):
    found = [
        moment(-5, "too early"),
        moment(125, "chat 4.0x as busy"),
        moment(3723, '=HYPERLINK("x"), "much Kappa"'),
    ]
    write_moments(found, BEGAN, tmp_path / "moments.csv")
    with (tmp_path / "moments.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["time_code"] for row in rows] == ["0:02:05", "1:02:03"]
    assert rows[0]["end_code"] == "0:02:50"
    assert rows[1]["reason"].startswith("'=HYPERLINK"), "no spreadsheet runs what a viewer wrote"


def test_moments_become_markers(tmp_path):
    write_moments([moment(125, "chat 4.0x\nas busy")], BEGAN, tmp_path / "markers.txt")
    assert (tmp_path / "markers.txt").read_text() == "0:02:05 chat 4.0x as busy\n"


@pytest.mark.parametrize("write", [
    lambda path: write_table(minute_table(MINUTES, {}), path),
    lambda path: write_moments([], BEGAN, path),
])  # fmt: skip
def test_what_cannot_be_written_is_said(write, tmp_path):
    with pytest.raises(InputError, match="end in"):
        write(tmp_path / "out.xlsx")
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "missing" / "out.csv")


def test_prometheus_reads_it_back():
    text = prometheus_text(board(), {"viewer_count": 120.0, 'odd "name"\n': 1.5}, "my channel")
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    channel = ("channel", "my channel")
    assert found["hikari_messages_per_minute", channel] == 31.5
    assert found["hikari_emotion", channel, ("emotion", "joy")] == 1.0
    assert found["hikari_metric", channel, ("name", 'odd "name"\n')] == 1.5
    assert not any(name[0] == "hikari_viewer_count" for name in found), "what is not known is left out"


def test_time_codes():
    assert [time_code(timedelta(seconds=s)) for s in (0, 59.9, 3600, 100_000)] == [
        "0:00:00", "0:00:59", "1:00:00", "27:46:40",
    ]  # fmt: skip


def test_no_two_columns_have_one_name():
    named = {name: [(ZERO + 1.0, 1.0)] for name in ("mood", "metric mood", "at")}
    columns = list(minute_table(MINUTES, named).columns)
    assert len(columns) == len(set(columns))
