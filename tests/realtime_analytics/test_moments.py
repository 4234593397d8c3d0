"""Moments are noticed while they happen, once each."""

import itertools
from collections import Counter

from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.moments import DECIDED_AFTER, LONGEST, REST, Moments, _burst, _swing
from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket, Share, Timeline
from tests.support import START, at

ZERO = START.timestamp()


def play(rates, people=20, text="what a play"):
    """A stream with ``rates[i]`` messages in its i-th ten seconds; the moments and when each opened."""
    timeline, moments, opened = Timeline(60), Moments(), []
    for i, rate in enumerate(rates):
        for n in range(rate):
            second = i * BUCKET + n * BUCKET / (rate + 1)
            share = Share(
                timeline.place(ZERO + second),
                measure(f"user{n % people}", text, at(second), None, (), 0),
                False,
                False,
            )
            timeline.add(share, ZERO + second)
        if found := moments.step(timeline, ZERO + (i + 1) * BUCKET - 0.001):
            opened.append((i, found))
    return opened, list(moments.kept)


def test_a_burst_is_a_moment_decided_within_thirty_seconds():
    opened, (moment,) = play([3] * 30 + [20, 25, 20] + [3] * 12)
    assert opened[0][0] in (30, 31)
    assert moment.decided - (ZERO + 300) <= 30
    assert moment.start < ZERO + 300 + BUCKET
    assert moment.start <= moment.peak < moment.end
    assert moment.start <= moment.decided
    assert 0 < moment.score < 1
    assert "as busy as usual" in moment.reason


def test_a_steady_stream_has_none():
    assert play([5, 6, 4, 5, 7, 5] * 20)[1] == []


def test_the_beginning_of_a_stream_is_no_moment():
    assert play([0, 0, 20, 25, 20, 18])[1] == []


def test_one_person_is_no_crowd():
    assert play([3] * 30 + [30, 30] + [3] * 10, people=2)[1] == []


def test_a_few_lines_in_an_empty_chat_are_no_moment():
    assert play([0] * 30 + [3, 3] + [0] * 10)[1] == []


def test_a_long_one_ends_and_the_next_must_wait():
    _, moments = play([3] * 30 + [40] * 40 + [3] * 20)
    assert moments[0].end - moments[0].start <= LONGEST + BUCKET
    for one, other in itertools.pairwise(moments):
        assert other.decided - one.end >= REST


def test_the_reason_says_what_chat_wrote():
    _, (moment,) = play([3] * 30 + [20, 20] + [3] * 12, text="PogChamp")
    assert "PogChamp" in moment.reason
    assert "joy" in moment.reason


def test_how_strong_it_was_is_known_thirty_seconds_later():
    timeline, moments, strengths = Timeline(60), Moments(), []
    for i in range(60):
        rate = 20 if i == 40 else 3
        for n in range(rate):
            second = i * BUCKET + n * BUCKET / (rate + 1)
            message = measure(f"user{n}", "what a play", at(second), None, (), 0)
            timeline.add(Share(timeline.place(ZERO + second), message, False, False), ZERO + second)
        moments.step(timeline, ZERO + (i + 1) * BUCKET - 0.001)
        strengths.append(moments.strength)
    assert max(strengths[:40]) < 1, "nothing was to be seen before"
    assert strengths.index(max(strengths)) - 40 <= DECIDED_AFTER // BUCKET


def test_a_word_that_is_new_is_named_before_one_that_is_always_said():
    now, past = Counter({"raid": 20, "boss": 12}), Counter({"raid": 300, "boss": 0})
    assert _burst(now, past, 10, 1.0, 3) == "boss"
    assert _burst(Counter({"raid": 20}), Counter({"raid": 300}), 10, 1.0, 3) == "raid", "or what there is"
    assert _burst(Counter({"boss": 2}), past, 10, 1.0, 3) is None


def test_a_turn_of_the_mood_is_named():
    def bucket(mood, count):
        return Bucket(messages=count, mood_sum=mood * count, mood_count=count)

    assert _swing(bucket(0.8, 20), bucket(0.5, 100)) == "the mood rises"
    assert _swing(bucket(0.2, 20), bucket(0.5, 100)) == "the mood falls"
    assert _swing(bucket(0.55, 20), bucket(0.5, 100)) is None
    assert _swing(bucket(0.9, 1), bucket(0.5, 100)) is None, "one voice is no mood"
    assert _swing(Bucket(), bucket(0.5, 100)) is None


def test_what_is_usual_is_that_of_the_stream_so_far():
    _, (moment,) = play([10] * 18 + [30] * 6 + [10] * 12)
    pace = float(moment.reason.removeprefix("chat ").split("x")[0])
    assert 2.7 <= pace <= 3, "three times the ten lines, and not of ten minutes that never were"
