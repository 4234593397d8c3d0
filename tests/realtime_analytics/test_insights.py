"""The result of a message says what came of it, and no more."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from hikari_ml.realtime_analytics.alarms.anomalies import Judgement, Raised
from hikari_ml.realtime_analytics.audience.viewers import Viewer
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.insights import insights, not_counted
from hikari_ml.realtime_analytics.moments import Highlight
from hikari_ml.realtime_analytics.news import news_of
from hikari_ml.realtime_analytics.stream import Counted
from hikari_ml.results import MessageInsights
from tests.support import START, at

RAID = Raised(START.timestamp(), "raid", 0.9, "newcomers far above usual")
CLUTCH = Highlight(1.0, 2.0, 3.0, 2.0, 0.5, "chat 3.0x as busy as usual")


def counted(text="hello there", unusual=False, told=(), newcomer=False, away=0.0, repeats=0):
    message = measure("anna", text, at(0), None, (), 1)
    viewer = Viewer("anna", START - timedelta(days=away), START)
    viewer.add(message, ZoneInfo("UTC"))
    judgement = Judgement(unusual, 0.999 if unusual else 0.2, ("links",) if unusual else ())
    return Counted(message, viewer, newcomer, away, repeats, judgement, told, False)


def test_what_is_unusual_about_the_stream_is_not_blamed_on_a_message():
    found = insights("anna", counted(told=(RAID, CLUTCH)), [])
    assert (found["is_anomaly"], found["anomaly_score"]) == (False, 0.2)
    assert found["features"]["alert"] == "raid"
    assert found["recommendations"] == ["look: raid (newcomers far above usual)"]


def test_an_unusual_message_says_why():
    found = insights("anna", counted(unusual=True), ["timestamp:future"])
    assert (found["is_anomaly"], found["anomaly_score"]) == (True, 0.999)
    assert found["features"]["unusual"] == "links"
    assert found["degraded"] == ["timestamp:future"]


@pytest.mark.parametrize(
    ("about", "advice"),
    [
        ({"newcomer": True}, "greet: first message here"),
        ({"away": 8.0}, "welcome back: away for 8 days"),
        ({"text": "what is that?"}, "answer: asks something"),
        ({"repeats": 3}, "ignore: said the same 4 times in two minutes"),
    ],
)
def test_advice_follows_from_what_happened(about, advice):
    assert insights("anna", counted(**about), [])["recommendations"] == [advice]


def test_what_does_not_count_has_the_same_keys():
    found = not_counted("nightbot", 0.0, "bot", [])
    assert set(found) == set(insights("anna", counted(), [])) == set(MessageInsights.__annotations__)
    assert found["features"] == {"counted": False, "why_not": "bot"}


def test_news_say_what_they_are():
    assert [news_of(found)[0] for found in (RAID, CLUTCH)] == ["alert", "moment"]
    assert news_of(CLUTCH)[1]["decided_at"] == "1970-01-01T00:00:02.000Z"
