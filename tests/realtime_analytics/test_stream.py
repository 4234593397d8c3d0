"""Everything that counts messages does so once, in one order, whatever the clock."""

from zoneinfo import ZoneInfo

import pytest

from hikari_ml.config import AnalyticsSettings
from hikari_ml.realtime_analytics.anomalies import Raised
from hikari_ml.realtime_analytics.stream import IDS_KEPT, StreamSoFar
from tests.support import at

LINES = ["hello there", "what a play", "LUL", "nice one friend", "go left now", "gg", "who is that?"]


def stream():
    return StreamSoFar(AnalyticsSettings(), ZoneInfo("UTC"))


def say(found, second, text="hello there", username="anna", message_id=None):
    for work in found.slow_work(at(second)):
        work()
    return found.count(username, text, at(second), message_id, None, ())


def busy(found, seconds, rate=1.0, begin=0.0, people=12):
    news = []
    for i in range(int(seconds * rate)):
        counted = say(found, begin + i / rate, LINES[i % len(LINES)], f"user{i % people}")
        news += counted.news
    return news


def test_the_first_message_is_counted():
    counted = say(stream(), 0)
    assert counted.newcomer
    assert counted.viewer.messages == 1
    assert counted.message.own_rate == 0, "one message is no frequency"


def test_a_viewer_is_new_once():
    found = stream()
    say(found, 0)
    assert not say(found, 1).newcomer


def test_repetition_is_seen():
    found = stream()
    assert [say(found, i, "buy this now").repeats for i in range(4)] == [0, 1, 2, 3]


def test_days_away_are_counted():
    found = stream()
    say(found, 0)
    assert say(found, 9 * 86_400).days_away == pytest.approx(9)


def test_an_id_is_counted_once_and_can_be_taken_back():
    found = stream()
    say(found, 0, message_id="m1")
    assert found.known("m1")
    assert found.retract("m1")
    assert found.total == 0
    assert found.known("m1"), "a withdrawn message does not come back"
    assert not found.retract("m1")
    assert not found.retract("unknown")
    assert found.known("unknown"), "a message withdrawn before it came is never counted"
    assert not found.known(None)


def test_ids_are_bounded():
    found = stream()
    for i in range(IDS_KEPT + 10):
        found._remember(f"m{i}", None)
    assert len(found._ids) == IDS_KEPT


def test_what_comes_too_late_is_said_to_be_late_but_not_lost():
    found = stream()
    say(found, 1000)
    counted = say(found, 10, username="ben")
    assert counted.late
    assert counted.viewer.messages == 1
    assert found.timeline.window(at(1000).timestamp(), 3600).messages == 1


def test_a_raid_is_noticed_and_named():
    found = stream()
    assert busy(found, 900) == []
    news = []
    for i in range(120):
        news += say(found, 900 + i / 4, f"raid from mika {i}", f"raider{i}").news
    raised = [n for n in news if isinstance(n, Raised)]
    assert [alert.kind for alert in raised][:1] == ["raid"]


def test_the_same_messages_give_the_same_numbers_in_any_pieces():
    def numbers(found):
        return (
            found.minutes(),
            [n.reason for n in found.moments.kept],
            list(found.alerts),
            found.viewers.pack(),
        )

    one, other = stream(), stream()
    busy(one, 1500)
    busy(other, 700)
    busy(other, 800, begin=700.0)
    assert numbers(one)[2] == numbers(other)[2]
    for a, b in zip(one.minutes(), other.minutes(), strict=True):
        assert a.messages == b.messages


def test_slow_work_is_left_to_others():
    found = stream()
    busy(found, 30)
    assert found.slow_work(at(31)) == []
    assert len(found.slow_work(at(120))) == 1, "steps that were missed"
    busy(found, 300, begin=31)
    for i in range(250):
        found.count("x", LINES[i % 7], at(340 + i / 10), None, None, ())
    assert found.slow_work(at(366)), "a forest is due"


def test_a_long_silence_is_a_new_stream_and_no_thousand_steps():
    found = stream()
    busy(found, 60)
    assert found.slow_work(at(10 * 86_400)) == []
    say(found, 10 * 86_400)
    assert found.minutes()[-1].start < at(10 * 86_400).timestamp()


def test_forgetting_a_viewer_keeps_the_counts_and_drops_the_name():
    found = stream()
    say(found, 0, username="Anna", message_id="m1")
    say(found, 1, username="ben")
    assert found.forget("anna")
    assert found.viewers.get("anna") is None
    assert "Anna" not in found.timeline.window(at(5).timestamp(), 60).chatters
    assert found.timeline.window(at(5).timestamp(), 60).messages == 2
    assert not found.retract("m1"), "its share bore the name"
    assert not found.forget("anna")


def test_what_is_packed_comes_back():
    found, other = stream(), stream()
    busy(found, 600)
    other.unpack(found.pack())
    assert len(other.viewers) == 12
    assert [m.messages for m in other.timeline.history()] == [m.messages for m in found.timeline.history()]
