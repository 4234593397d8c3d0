"""News wait for whoever fetches them, and go at once to whoever listens."""

from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.moments import Highlight
from hikari_ml.realtime_analytics.news import KEPT, News

RAID = Raised(60.0, "raid", 0.99, "newcomers far above usual")
MOMENT = Highlight(10.0, 20.0, 30.0, 40.0, 0.7, "chat 3.0x as busy as usual")


def test_news_are_told_once_and_in_their_order():
    news = News()
    news.tell([RAID, MOMENT])
    assert [kind for kind, _ in news.drain()] == ["alert", "moment"]
    assert news.drain() == []


def test_whoever_listens_hears_what_is_kept():
    news, heard = News(), []
    news.tell([RAID])
    news.publish = lambda kind, told: heard.append((kind, told))
    news.tell([MOMENT])
    assert news.drain()[1:] == heard
    assert heard[0][1]["reason"] == MOMENT.reason


def test_of_too_many_the_latest_are_kept():
    news = News()
    news.tell([RAID] * KEPT)
    news.tell([MOMENT])
    kept = news.drain()
    assert len(kept) == KEPT
    assert kept[-1][0] == "moment"
