"""What is unusual is noticed, named, and not shouted about twice."""

import dataclasses
import math
import random
from collections import Counter

import pytest

from hikari_ml.realtime_analytics.alarms.anomalies import (
    FIRST_FIT,
    FIRST_WINDOWS,
    UNDECIDED,
    MessageAnomalies,
    Silence,
    StreamAnomalies,
)
from hikari_ml.realtime_analytics.alarms.forest import Forest
from hikari_ml.realtime_analytics.alarms.kinds import Audience, window_row
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.timeline import Bucket
from tests.support import at

LINES = ["hello there", "what a play", "LUL", "nice one", "I think we should go left", "gg", "who is that?"]
WEIRD = "BUY FOLLOWERS NOW!!! " * 20 + "https://spam.example www.spam.example"


def said(text, second=0, own_rate=0):
    return measure("anna", text, at(second), None, (), own_rate)


def learn(anomalies):
    if anomalies.due:
        anomalies.learn(Forest(anomalies.rows()))


def trained(count=FIRST_FIT):
    anomalies = MessageAnomalies()
    for i in range(count):
        learn(anomalies)
        anomalies.judge(said(LINES[i % len(LINES)], i))
    learn(anomalies)
    return anomalies


def window(messages=20, chatters=15, newcomers=0, toxic=0, repeated=0, mood=0.6):
    names = Counter({f"user{i}": 1 for i in range(chatters)})
    return Bucket(messages, names, newcomers, toxic, repeated, messages // 3, mood * messages, messages)


def test_without_a_past_nothing_is_unusual():
    judged = MessageAnomalies().judge(said(WEIRD))
    assert (judged.unusual, judged.score) == (False, 0.0)


def test_an_injected_message_is_noticed_and_explained():
    judged = trained().judge(said(WEIRD, own_rate=30))
    assert judged.unusual
    assert judged.score > 0.99
    assert "links" in judged.moved


def test_an_ordinary_message_is_not():
    anomalies = trained()
    judged = [anomalies.judge(said(LINES[i % len(LINES)], i)) for i in range(200)]
    assert not any(found.unusual for found in judged)
    assert all(0 <= found.score <= 1 for found in judged)


def test_the_forest_is_fitted_again_and_learns_what_became_usual():
    anomalies = trained()
    first = anomalies._forest
    for i in range(3 * FIRST_FIT):
        learn(anomalies)
        anomalies.judge(said(WEIRD if i % 2 else LINES[i % 7], i, own_rate=30 if i % 2 else 0))
    assert anomalies._forest is not first
    assert not anomalies.judge(said(WEIRD, own_rate=30)).unusual


def stream(count=FIRST_WINDOWS):
    anomalies = StreamAnomalies()
    for i in range(count):
        anomalies.judge(window(messages=18 + i % 5, chatters=14 + i % 3, mood=0.55 + i % 4 / 40), i * 10)
    learn(anomalies)
    return anomalies


def test_a_burst_raises_one_alert_and_then_rests():
    anomalies = stream()
    first = anomalies.judge(window(messages=300, chatters=200), 610)
    assert first.kind == "burst"
    assert "chat rate far above usual" in first.reason
    assert anomalies.judge(window(messages=300, chatters=200), 620) is None
    assert anomalies.judge(window(messages=900, chatters=600), 630) is not None, "worse is told at once"
    assert anomalies.judge(window(messages=900, chatters=600), 630 + 181) is not None


def test_a_crowd_that_grows_is_one_alert_unless_it_grows_by_far():
    anomalies = stream()
    growing = [
        anomalies.judge(window(messages=22 + 6 * i, chatters=16 + 5 * i, newcomers=6 + 5 * i), 610 + i * 10)
        for i in range(6)
    ]
    assert [bool(alert) for alert in growing] == [True, False, False, False, False, False]
    far = anomalies.judge(window(messages=900, chatters=700, newcomers=690), 680)
    assert far.kind == "raid"


RAID = window(messages=60, chatters=45, newcomers=30)
FLOOD = dataclasses.replace(RAID, new_repeated=20)
HATE = dataclasses.replace(RAID, toxic=20, new_toxic=20)
PASTA = window(messages=60, chatters=45, repeated=40)
BUSY = window(messages=300, chatters=200)
TALK = window()


def kinds(anomalies, windows, begin=610, audience=lambda at: Audience()):
    """What is told of windows ten seconds apart, by when (seconds after the first)."""
    told = {}
    for i, part in enumerate(windows):
        at = begin + 10 * i
        if alert := anomalies.judge(part, at, audience(at)):
            told[10 * i] = alert.kind
    return told


def test_two_kinds_by_turns_are_told_once_and_once_more_by_the_sharper_name():
    assert list(kinds(stream(), [RAID, FLOOD] * 15).values()) == ["raid", "bot_flood"]
    assert list(kinds(stream(), [FLOOD, RAID] * 15).values()) == ["bot_flood"]


def test_of_one_event_only_a_graver_name_is_news():
    assert kinds(stream(), [BUSY, RAID, HATE, PASTA, RAID, BUSY, PASTA]) == {
        0: "burst",
        10: "raid",
        20: "hate_raid",
    }


def test_a_lesser_kind_is_told_once_the_graver_is_over():
    assert kinds(stream(), [RAID] * 3 + [TALK] * 10 + [PASTA] * 12) == {0: "raid", 200: "copypasta"}
    assert kinds(stream(), [RAID] * 3 + [TALK] * 20 + [PASTA] * 3) == {0: "raid", 230: "copypasta"}
    spam = window(messages=60, chatters=4, repeated=40)
    assert kinds(stream(), [HATE] * 3 + [TALK] * 20 + [spam] * 3) == {0: "hate_raid", 230: "bot_flood"}


def test_a_wave_that_begins_with_its_loudest_gets_its_name_a_flood_within_it_none():
    alone = window(messages=20, chatters=4, repeated=12)
    assert kinds(stream(), [alone, PASTA, alone, PASTA]) == {0: "bot_flood", 10: "copypasta"}
    assert kinds(stream(), [PASTA, alone]) == {0: "copypasta"}


def test_a_silence_is_told_whatever_stands():
    assert "dead_chat" in kinds(stream(), [RAID] * 3 + [window(messages=0, chatters=0)] * 12).values()


def counted(every, since=0.0, came=math.inf):
    """Viewers counted every so many seconds, who have doubled from the time ``came``."""

    def audience(at):
        last = since + (at - since) // every * every
        return Audience(0.7 if last >= came else 0.0, last)

    return audience


def test_a_crowd_of_alike_newcomers_waits_for_the_viewers():
    for every in (30, 60):
        raid = kinds(stream(), [FLOOD] * 6 + [PASTA] * 9 + [TALK], audience=counted(every, came=660))
        assert raid == {0: "burst", 50: "raid"}
        flood = kinds(stream(), [FLOOD] * 6 + [PASTA, BUSY] * 5, audience=counted(every))
        assert list(flood.values()) == ["burst", "bot_flood"]
        assert 60 <= max(flood) <= 60 + every


def test_it_waits_no_longer_than_two_minutes_and_not_at_all_where_nobody_counts():
    assert kinds(stream(), [FLOOD] * 3 + [TALK] * 15, audience=lambda at: Audience(0.0, 500.0)) == {
        0: "burst",
        120: "bot_flood",
    }
    assert kinds(stream(), [FLOOD] * 3 + [TALK] * 15) == {0: "bot_flood"}


def test_what_is_told_of_a_crowd_says_whether_viewers_came():
    anomalies = stream()
    assert anomalies.judge(FLOOD, 610, Audience(0.0, 600.0)).reason.endswith(UNDECIDED)
    assert anomalies.judge(FLOOD, 670, Audience(0.0, 670.0)).reason.endswith("and no viewers came")
    assert anomalies.judge(TALK, 680, Audience(0.7, 680.0)).reason.endswith("and viewers came")


def test_a_hate_raid_does_not_wait():
    assert kinds(stream(), [FLOOD, HATE] + [FLOOD] * 15, audience=counted(30)) == {
        0: "burst",
        10: "hate_raid",
    }


def test_a_raid_is_told_once_when_its_line_comes_before_its_viewers_are_counted():
    windows = [RAID, *[FLOOD] * 4, *[TALK] * 10]
    assert kinds(stream(), windows, audience=counted(60, came=660)) == {0: "raid"}


def test_raiders_who_were_counted_are_no_bots_when_the_count_wavers():
    audience = lambda at: Audience(0.12 if at == 610 else 0.08, at)  # noqa: E731
    assert kinds(stream(), [FLOOD] * 15, audience=audience) == {0: "raid"}


def test_right_after_the_beginning_something_must_lie_further_outside():
    anomalies, rng = StreamAnomalies(), random.Random(3)
    for i in range(FIRST_WINDOWS):
        talk = window(
            round(rng.gauss(20, 3)),
            round(rng.gauss(14, 2)),
            repeated=rng.randint(0, 2),
            mood=rng.gauss(0.6, 0.05),
        )
        anomalies.judge(talk, i * 10)
    learn(anomalies)
    little = window(36, 20, repeated=2, mood=0.75)
    assert anomalies._forest.severity(window_row(little)) > 0.2
    assert kinds(anomalies, [little, BUSY]) == {10: "burst"}


def test_an_ordinary_stretch_raises_nothing():
    anomalies = stream()
    assert [a for i in range(60) if (a := anomalies.judge(window(messages=18 + i % 5), 700 + i * 10))] == []


def test_scores_are_tail_probabilities():
    anomalies, rng, scores = StreamAnomalies(), random.Random(4), []
    for i in range(1500):
        learn(anomalies)
        anomalies.judge(window(messages=rng.randint(10, 30), mood=rng.uniform(0.4, 0.6)), i * 10)
        scores.append(anomalies.score)
    judged = [score for score in scores if score]
    for p in (0.5, 0.2, 0.05):
        assert sum(score > 1 - p for score in judged) / len(judged) == pytest.approx(p, abs=0.04)


def test_a_crowd_is_told_though_a_greater_one_came_before():
    anomalies = stream()
    first = anomalies.judge(window(messages=200, chatters=150, newcomers=140), 610)
    for i in range(40):
        anomalies.judge(window(messages=18 + i % 5), 620 + i * 10)
    second = anomalies.judge(window(messages=60, chatters=45, newcomers=30), 1100)
    assert (first.kind, second.kind) == ("raid", "raid")
    assert second.score < first.score


def test_a_silence_is_told_once_while_it_lasts():
    anomalies = stream()
    raised = [anomalies.judge(window(messages=0, chatters=0), 610 + i * 10) for i in range(30)]
    told = [found for found in raised if found and found.kind == "dead_chat"]
    assert told
    silence = Silence()
    assert [bool(silence.step(0, usual=10)) for _ in range(10)] == [False] * 2 + [True] + [False] * 7


def test_a_silence_like_those_before_is_none():
    silence = Silence()
    told = []
    for _ in range(5):
        told += [silence.step(messages, usual=30) for messages in [0, 0, 0, 0, 20]]
    assert sum(map(bool, told)) == 1


def test_where_the_viewers_left_silence_is_no_news():
    anomalies = stream()
    raised = [
        anomalies.judge(window(messages=0, chatters=0), 610 + i * 10, audience=Audience(-2.0))
        for i in range(30)
    ]
    assert {found.kind for found in raised if found} == {"quiet"}


def test_what_was_seen_outlives_a_restart():
    before, after = trained(FIRST_FIT + 10), MessageAnomalies()
    after.unpack(before.pack())
    assert after.due
    assert not after.overdue
    learn(after)
    assert after.judge(said(WEIRD, own_rate=30)).unusual
    assert not after.judge(said("what a play")).unusual


def test_too_little_seen_is_gone_on_with_after_a_restart():
    before, after = trained(FIRST_FIT - 10), MessageAnomalies()
    after.unpack(before.pack())
    assert not after.due
    for i in range(10):
        after.judge(said(LINES[i % len(LINES)], i))
    assert after.due


@pytest.mark.parametrize(
    "spoilt",
    [
        {"rows": [bytes(35)]},
        {"rows": [bytes(72)]},
        {"rows": None},
        {"scores": bytes(7)},
        {"lasting": {"raid": [1.0]}},
        {"told": []},
        {"silences": [[1.0]]},
    ],
)
def test_of_a_past_that_is_no_such_thing_nothing_is_taken(spoilt):
    after = StreamAnomalies()
    with pytest.raises((KeyError, TypeError, ValueError)):
        after.unpack({**stream().pack(), **spoilt})
    assert after.pack() == StreamAnomalies().pack()


def test_what_was_told_still_stands_after_a_restart():
    before, after = stream(), StreamAnomalies()
    assert before.judge(RAID, 610).kind == "raid"
    after.unpack(before.pack())
    after.learn(Forest(after.rows()))
    assert after.judge(RAID, 620) is None


def test_while_people_gather_little_chat_is_not_told():
    still = window(messages=0, chatters=0)
    for age, told in ((100.0, []), (math.inf, ["dead_chat"])):
        anomalies = stream()
        raised = [anomalies.judge(still, 610 + 10 * i, age=age) for i in range(20)]
        assert [alert.kind for alert in raised if alert and alert.kind != "quiet"] == told
    assert stream().judge(RAID, 610, age=110.0) is None
    assert stream().judge(RAID, 610, age=130.0).kind == "raid"
