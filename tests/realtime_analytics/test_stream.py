"""Everything that counts messages does so once, in one order, whatever the clock."""

import math
import random
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hikari_ml.config import AnalyticsSettings
from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.alarms.forest import Forest
from hikari_ml.realtime_analytics.alarms.kinds import UNCOUNTED, Audience
from hikari_ml.realtime_analytics.stream import IDS_CARRIED, IDS_KEPT, StreamSoFar
from tests.support import LINES, at


def stream():
    return StreamSoFar(AnalyticsSettings(), ZoneInfo("UTC"))


def prepare(found, second):
    while True:
        for part in found.due():
            if part.overdue:  # as the engine does, which fits meanwhile
                part.learn(Forest(part.rows()))
        if found.catch_up(at(second)):
            return


def say(found, second, text="hello there", username="anna", message_id=None):
    prepare(found, second)
    return found.count(username, text, at(second), message_id, None, ())


def busy(found, seconds, rate=1.0, begin=0.0, people=12):
    news = []
    for i in range(int(seconds * rate)):
        counted = say(found, begin + i / rate, LINES[i % len(LINES)], f"user{i % people}")
        news += counted.news
    return news


@pytest.mark.parametrize(("ahead", "counts_as"), [(-9000, -9000), (0, 0), (60, 60), (61, 0), (9e8, 0)])
def test_what_lies_further_ahead_than_clocks_differ_is_now(ahead, counts_as):
    assert stream().not_ahead(at(ahead), at(0)) == at(counts_as)


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
            found.timeline.history(),
            [n.reason for n in found.moments.kept],
            list(found.alerts),
            list(found.viewers.pack()),
        )

    one, other = stream(), stream()
    busy(one, 1500)
    busy(other, 700)
    busy(other, 800, begin=700.0)
    assert numbers(one)[2] == numbers(other)[2]
    for a, b in zip(one.timeline.history(), other.timeline.history(), strict=True):
        assert a.messages == b.messages


def test_what_is_slow_is_done_in_pieces_or_elsewhere():
    found = stream()
    busy(found, 30)
    assert found.due() == []
    assert found.catch_up(at(31))
    assert not found.catch_up(at(120)), "steps that were missed are made up for a few at a time"
    prepare(found, 120)
    busy(found, 300, begin=121)
    for i in range(250):
        found.count("x", LINES[i % 7], at(430 + i / 10), None, None, ())
    assert len(found.due()) == 1, "a forest"


def test_windows_made_up_for_wait_for_the_forest_that_is_due_between_them():
    found = stream()
    busy(found, 700)
    while found.catch_up(at(700 + 1700)) is False and not found.due():
        pass
    assert found.due(), "not all of half an hour was judged by one forest"


def test_a_long_silence_is_a_new_stream_and_no_thousand_steps():
    found = stream()
    busy(found, 60)
    assert found.catch_up(at(10 * 86_400))
    say(found, 10 * 86_400)
    assert len(found.timeline.history()) == 2, "and none of the days between"


def test_forgetting_a_viewer_keeps_the_counts_and_drops_the_name():
    found = stream()
    say(found, 0, username="Anna", message_id="m1")
    say(found, 1, username="ben")
    assert found.forget("anna")
    assert found.viewers.get("anna") is None
    window = found.timeline.window(at(5).timestamp(), 60)
    assert set(window.chatters) == {"ben"}
    assert (window.messages, window.people) == (2, 2)
    assert not found.retract("m1"), "its share bore the name"
    assert not found.forget("anna")


async def test_what_is_packed_comes_back():
    found, other = stream(), stream()
    busy(found, 600)
    other.unpack(await found.pack(), at(86_400))
    assert len(other.viewers) == 12
    assert other.total == 0, "another day is another stream"
    assert [m.messages for m in other.timeline.history()] == [m.messages for m in found.timeline.history()]


async def test_who_goes_on_after_a_restart_counts_on_and_counts_nothing_again():
    found, other = stream(), stream()
    for i in range(30):
        say(found, i * 10, "hello there", f"fan{i % 5}", f"m{i}")
    found.retract("m7")
    other.unpack(await found.pack(), at(400))
    assert other.total == found.total == 29
    assert other.known("m7")
    assert other.known("m29")
    assert not other.known("m30")
    assert not other.retract("m29"), "what it gave is not known any more"


async def test_of_many_ids_the_newest_are_carried_over():
    found, other = stream(), stream()
    for i in range(IDS_CARRIED + 10):
        found._remember(f"m{i}", None)
    other.unpack(await found.pack(), at(0))
    assert not other.known("m9")
    assert other.known("m10")
    assert len(other._ids) == IDS_CARRIED


def test_the_next_stream_in_the_same_process_begins_like_the_first():
    found = stream()
    busy(found, 900)
    for i in range(100):
        say(found, 900 + i / 5, "WHAT A CLUTCH", f"fan{i % 40}")
    (moment,) = found.moments.kept
    news = busy(found, 900, begin=86_400)
    assert moment.end <= at(930).timestamp(), "it ended with its stream"
    assert not any(isinstance(n, Raised) for n in news)
    assert list(found.moments.kept) == [moment], "ordinary chat is not busy against a silence"


def test_a_window_as_long_as_the_settings_say_is_kept():
    found = StreamSoFar(AnalyticsSettings(window_minutes=180), ZoneInfo("UTC"))
    for minute in range(0, 170, 10):
        say(found, minute * 60)
    assert found.timeline.window(at(170 * 60).timestamp(), 180 * 60).messages == 17


def test_a_program_is_watched_and_counted_nowhere():
    found = stream()
    for i in range(12):
        counted = say(found, i * 600, "please read the rules of this channel", "helper", f"m{i}")
    assert counted.viewer.bot is not None
    assert found.total == 6
    assert len(found.viewers) == 0
    assert not found.retract("m11"), "there is nothing to take back"


def test_nothing_of_somebody_forgotten_is_left():
    found = stream()
    say(found, 0, "!uptime", "Anna")
    vector = np.ones(8, np.float32)
    prepare(found, 1)
    found.count("ben", "hi anna", at(1), None, None, ("anna", "tea"), vector)
    found.forget("ANNA")
    assert found._commands._by == ""
    assert "anna" not in found.topics._words[0]


def quoting():
    """A stream whose moment quotes what anna said, and the ids of her lines."""
    found = stream()
    busy(found, 600, rate=0.5)
    for i in range(180):
        hers = i % 10 == 0
        prepare(found, 600 + i / 6)
        found.count(
            "anna" if hers else f"user{i % 40}",
            "Quxstreet 12" if hers else f"so {i}",
            at(600 + i / 6),
            f"a{i}" if hers else None,
            None,
            ("quxstreet",) if hers else (),
        )
    busy(found, 60, rate=0.5, begin=640)
    (moment,) = found.moments.kept
    assert "quxstreet" in moment.reason
    return found, moment, [f"a{i}" for i in range(0, 180, 10)]


def test_a_moment_quotes_nothing_that_was_withdrawn():
    found, moment, ids = quoting()
    assert all(found.retract(known) for known in ids[:5])
    assert "quxstreet" in moment.reason, "others still say it"
    assert all(found.retract(known) for known in ids[5:])
    assert "quxstreet" not in moment.reason
    assert moment.reason.startswith("chat ")


def test_a_moment_quotes_nobody_who_was_erased():
    found, moment, _ = quoting()
    found.forget("ben")
    assert "quxstreet" in moment.reason, "ben was not there"
    found.forget("Anna")
    assert "quxstreet" not in moment.reason


def test_what_came_too_late_can_be_taken_back():
    found = stream()
    say(found, 1000)
    say(found, 10, "my street is Elm street", "ben", "late")
    assert found.total == 2
    assert found.retract("late")
    assert found.total == 1
    assert found.viewers.get("ben") is None or found.viewers.get("ben").messages == 0
    assert not found.retract("late")


async def test_a_state_of_the_second_format_is_read():
    found, other = stream(), stream()
    busy(found, 60)
    state = await found.pack()
    del state["topics"], state["dropped_until"]
    other.unpack(state, at(86_400))
    assert len(other.viewers) == 12
    assert other.viewers.dropped_until == -1


def test_viewers_before_and_now_make_a_growth_and_unknown_ones_none():
    found = stream()
    end = at(900).timestamp()
    assert found._growth(end) == UNCOUNTED
    for second in range(0, 900, 30):
        found.watched(at(second).timestamp(), 100.0 if second < 840 else 202.0)
    assert found._growth(end) == Audience(pytest.approx(math.log(203 / 101)), at(870).timestamp())
    found.watched(at(10).timestamp(), 9e9)
    assert found._growth(end).growth == pytest.approx(math.log(203 / 101)), "a late one is left out"
    later = found._growth(at(1500).timestamp())
    assert later == Audience(0.0, at(870).timestamp()), "what was counted once may be counted again"
    assert found._growth(at(9000).timestamp()) == UNCOUNTED, "and an old one says nothing of now"


def raided(counts_late):
    """Half an hour of talk, then forty newcomers who mostly say one line, while the viewers double."""
    found, rng = stream(), random.Random(60)
    said = [(rng.uniform(0, 2400), f"user{rng.randrange(60)}", rng.choice(LINES)) for _ in range(800)]
    for _ in range(52):
        line = "luna raid luna raid" if rng.random() < 0.8 else rng.choice(LINES)
        said.append((1800 + rng.uniform(0, 90), f"raider{rng.randrange(40)}", line))
    counts, told = iter(range(0, 2400, 60)), []
    upcoming = next(counts)
    for second, username, line in sorted(said):
        while upcoming <= second:
            found.watched(at(upcoming).timestamp(), 150.0 if upcoming <= 1800 + counts_late else 300.0)
            upcoming = next(counts, math.inf)
        news = say(found, second, line, username).news
        told += [alert.kind for alert in news if isinstance(alert, Raised)]
    return told


@pytest.mark.parametrize("counts_late", [0, 60])
def test_a_raid_with_its_line_is_named_a_raid_though_the_viewers_are_counted_later(counts_late):
    assert raided(counts_late) == ["burst", "raid"]


def test_a_raid_whose_viewers_are_counted_much_later_is_set_right():
    assert raided(120) == ["burst", "bot_flood", "raid"]


def test_a_silence_is_noticed_while_it_lasts():
    found = stream()
    assert busy(found, 1200) == []
    news = []
    for second in range(1210, 1500, 10):
        prepare(found, second)
        news += found.settle(at(second))
    kinds = [n.kind for n in news if isinstance(n, Raised)]
    assert "dead_chat" in kinds
    assert kinds.count("dead_chat") == 1


def test_a_chorus_withdrawn_after_an_hour_is_not_quoted():
    found = stream()
    busy(found, 600, rate=0.5)
    for i in range(30):
        say(found, 600 + i, "quxxo!", f"fan{i}", message_id=f"m{i}")
    busy(found, 60, rate=0.5, begin=630)
    assert "quxxo" in found.moments.kept[0].reason
    busy(found, 7200, rate=0.1, begin=690)
    assert found.retract("m3")
    assert "quxxo" not in found.moments.kept[0].reason


def test_alarms_of_another_kind_are_learned_anew(caplog):
    before = stream()
    busy(before, 900)
    state = {"viewers": [], "minutes": before.timeline.pack(), "alarms": [{}, {}]}
    after = stream()
    after.unpack(state, at(900))
    assert "learned anew" in caplog.text
    assert busy(after, 300, begin=1000) == []


def test_viewers_of_a_stream_that_is_off_are_none():
    found = stream()
    found.watched_before([(at(second).timestamp(), 0.0) for second in range(0, 600, 60)])
    found.watched_before([(at(600).timestamp(), 300.0)])
    assert found._growth(at(610).timestamp()).growth == 0.0
