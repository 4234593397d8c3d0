"""Moments are noticed while they happen, once each."""

import itertools
from collections import Counter

import pytest

from hikari_ml.chat import user_key
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.moments import (
    AROUND,
    DECIDED_AFTER,
    LAG,
    LONGEST,
    LONGEST_PAUSE,
    REST,
    Moments,
    Size,
    Usual,
    _burst,
    _crowd,
    _said,
    _swing,
)
from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket, Share, Timeline, naming
from tests.support import START, at

ZERO = START.timestamp()


def say(timeline, who, text, second, *, own_rate=0, topics=()):
    """Count one message; what it gave."""
    message = measure(who, text, at(second), None, topics, own_rate)
    share = Share(timeline.place(ZERO + second), message, False, False)
    timeline.add(share, ZERO + second)
    return share


def play(rates, people=20, text="what a play", loud="", flood=0, stream=None):
    """A stream with ``rates[i]`` messages in its i-th ten seconds; the moments and when each opened.

    ``loud``, if given, is said instead of ``text`` where there are more than ten messages; ``flood`` is how
    many lines somebody alone adds in each of the last twelve.
    """
    timeline, moments = stream or (Timeline(60), Moments())
    opened = []
    for i, rate in enumerate(rates):
        for n in range(rate):
            said = loud if loud and rate > 10 else text
            say(timeline, f"user{n % people}", said, i * BUCKET + n * BUCKET / (rate + 1))
        for n in range(flood if i >= len(rates) - 12 else 0):
            say(timeline, "loner", f"qux{i} {n}", i * BUCKET + n * BUCKET / (flood + 1), own_rate=n)
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
    assert moment.decided - moment.start <= AROUND + LAG
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


def test_what_was_told_first_lies_thirty_seconds_back_and_may_grow():
    timeline, moments, first = Timeline(60), Moments(), None
    for i in range(60):
        for n in range([3, 10, 20, 30, 30, 30, 30][max(0, min(i - 40, 6))]):
            say(timeline, f"user{n}", "what a play", i * BUCKET + n / 4)
        if found := moments.step(timeline, ZERO + (i + 1) * BUCKET - 0.001):
            first = first or (found.peak, found.score, found.decided)
    moment = moments.kept[0]
    assert first[2] - first[0] <= DECIDED_AFTER
    assert moment.score > first[1]
    assert moment.peak > first[0]
    assert moment.decided == first[2], "when it was first told stays"


def test_chat_that_is_back_after_a_pause_is_no_moment():
    for share in (0, 1):
        for minutes in (6, 10, 18):
            assert play([10] * 90 + [share] * 6 * minutes + [10] * 60)[1] == [], (share, minutes)


def test_a_reaction_after_a_pause_is_one_and_measured_by_what_was_usual_before():
    _, (moment,) = play([5] * 90 + [0] * 60 + [5] * 12 + [25] * 4 + [5] * 30)
    pace = float(moment.reason.removeprefix("chat ").split("x")[0])
    assert 3 < pace < 5


def test_chat_that_has_become_calm_for_long_is_usual():
    usual = Usual()
    for _ in range(90):
        usual.add(Size(40.0, 60))
    for _ in range(LONGEST_PAUSE // BUCKET - 1):
        usual.add(Size(5.0, 6))
    assert usual.size() == (40.0, 60)
    usual.add(Size(5.0, 6))
    assert usual.size() == (5.0, 6)


def test_silence_is_never_usual():
    usual = Usual()
    for _ in range(90):
        usual.add(Size(40.0, 60))
    for _ in range(2 * LONGEST_PAUSE // BUCKET):
        usual.add(Size(0.0, 0))
    assert usual.size() == (40.0, 60)


def test_a_pause_is_over_at_half_of_the_usual():
    usual = Usual()
    for _ in range(90):
        usual.add(Size(40.0, 60))
    for crowd in (5.0, 15.0):
        for _ in range(100):
            usual.add(Size(crowd, 9))
            usual.add(Size(25.0, 40))
    assert usual.size().crowd >= 15.0, "what was below a quarter is not in it"
    assert Size(5.0, 9) not in usual._known


def test_when_a_raid_leaves_chat_is_as_usual_and_no_pause():
    rates = [10] * 120 + [60] * 60 + [10] * 48 + [30] * 4 + [10] * 20
    opened, _ = play(rates, people=400)
    assert any(228 <= i < 234 for i, _ in opened), "what happens eight minutes later is seen"


def test_a_restart_keeps_what_is_usual():
    before = Timeline(60)
    play([10] * 90 + [0] * 18, stream=(before, Moments()))
    after, moments = Timeline(60), Moments()
    after.unpack(before.pack())
    for i in range(108, 200):
        for n in range(10 if i >= 132 else i % 2):
            say(after, f"user{(i + n) % 20}", "what a play", i * BUCKET + n * BUCKET / 11)
        moments.step(after, ZERO + (i + 1) * BUCKET - 0.001)
    assert list(moments.kept) == [], "chat is back after a pause in which hikari was started anew"


def test_one_flooding_beside_a_chat_is_no_moment():
    for lines in (10, 50):
        assert play([5] * 100, people=40, flood=lines)[1] == [], lines


def test_a_crowd_is_people_and_messages_together():
    alike = Bucket(messages=40, chatters=Counter({f"user{n}": 4 for n in range(10)}))
    assert _crowd(alike) == 20.0, "their geometric mean"
    flooded = Bucket(messages=1040, chatters=alike.chatters + Counter({"loner": 1000}))
    assert _crowd(flooded) ** 2 == pytest.approx(11 * (40 + 16)), "however many one says"
    erased = Bucket(messages=40, chatters=Counter({f"user{n}": 4 for n in range(7)}), erased={1, 2, 3})
    assert _crowd(erased) == 20.0, "an erasure changes nothing"


def test_the_reason_says_what_chat_wrote():
    _, (moment,) = play([3] * 30 + [20, 20] + [3] * 12, loud="PogChamp")
    assert moment.reason.endswith("joy, much PogChamp")


def test_the_reason_says_what_many_say():
    for line, said in (("GG", "gg"), ("W", "w"), ("gg wp!!", "gg wp")):
        _, (moment,) = play([3] * 30 + [20, 20] + [3] * 12, loud=line)
        assert moment.reason.endswith(f"many say “{said}”"), moment.reason


def test_the_reason_quotes_nothing_that_is_always_said():
    _, (moment,) = play([3] * 30 + [20, 20] + [3] * 12, text="nice play PogChamp")
    assert "as busy as usual" in moment.reason
    assert "PogChamp" not in moment.reason
    assert "“" not in moment.reason


def test_what_most_say_is_named_first():
    def said(cues, lines):
        topics = Counter({"boss": 40})
        now = Bucket(messages=50, cues=Counter(cues), lines=Counter(lines), topics=topics)
        return _said(now, Bucket(messages=100), Size(10, 10))

    assert said({"LUL": 20}, {"gg": 30}) == "many say “gg”"
    assert said({"LUL": 30}, {"gg": 20}) == "much LUL"
    assert said({"LUL": 9}, {"gg": 9}) == "about “boss”", "what a fifth says"


def chorus():
    """A stream whose moment quotes what anna and forty others said at once, and what each gave to it."""
    timeline, moments = Timeline(60), Moments()
    play([2] * 40, stream=(timeline, moments))
    people = ["anna", *(f"user{n}" for n in range(40))]
    shares = [say(timeline, who, "quxxo", 400 + n / 5) for n, who in enumerate(people)]
    moments.step(timeline, ZERO + 410 - 0.001)
    moments.step(timeline, ZERO + 420 - 0.001)
    assert moments.kept[0].reason.endswith("many say “quxxo”")
    return timeline, moments, shares


def test_a_chorus_is_not_quoted_when_it_was_withdrawn():
    timeline, moments, shares = chorus()
    for share in shares[3:]:
        timeline.retract(share)
        moments.take_back((share.message.chorus,), timeline)
    assert "quxxo" in moments.kept[0].reason, "three still say it"
    timeline.retract(shares[0])
    moments.take_back((shares[0].message.chorus,), timeline)
    assert "quxxo" not in moments.kept[0].reason
    assert moments.kept[0].reason.startswith("chat ")


def test_a_chorus_that_is_history_is_not_quoted_when_it_is_withdrawn():
    timeline, moments, shares = chorus()
    say(timeline, "ben", "much later", 2 * 3600)
    assert not timeline.retract(shares[0])
    moments.take_back(("other",), timeline)
    assert "quxxo" in moments.kept[0].reason
    moments.take_back((shares[0].message.chorus,), timeline)
    assert "quxxo" not in moments.kept[0].reason


def test_nothing_is_quoted_of_a_chorus_in_which_somebody_erased_was():
    timeline, moments, _ = chorus()
    moments.forget("ben", timeline)
    assert "quxxo" in moments.kept[0].reason, "ben was not there"
    moments.forget("anna", timeline)
    timeline.erase("Anna")
    assert "quxxo" not in moments.kept[0].reason
    assert not timeline.window(ZERO + 410, AROUND).lines["quxxo"]


def test_a_name_that_many_say_is_erased_with_its_owner():
    timeline, moments = Timeline(60), Moments()
    play([3] * 30 + [20, 20] + [3] * 2, loud="Qux_Anna!", stream=(timeline, moments))
    assert moments.kept[0].reason.endswith("many say “qux anna”")
    moments.forget("qux_anna", timeline)
    timeline.erase("Qux_Anna")
    assert "qux" not in moments.kept[0].reason
    assert "qux anna" not in timeline.window(ZERO + 340, LONGEST).lines


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
    assert _burst(now, past, 0.1, 1.0, 3) == "boss"
    assert _burst(Counter({"raid": 20}), Counter({"raid": 300}), 0.1, 1.0, 3) is None, "it is always said"
    assert _burst(Counter({"boss": 2}), past, 0.1, 1.0, 3) is None


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


@pytest.mark.parametrize("name", ["_x_", "chat_", "as", "\u200b", "busy"])
def test_a_name_that_is_in_our_own_words_takes_no_reason_away(name):
    timeline, moments, _ = chorus()
    moments.forget(user_key(name), timeline)
    assert "quxxo" in moments.kept[0].reason


@pytest.mark.parametrize(
    ("shouted", "name"), [("ANNAAAA", "Anna"), ("田中さん", "田中"), ("go anna", "anna")]
)
def test_no_shout_of_a_forgotten_name_is_left(shouted, name):
    timeline, moments = Timeline(60), Moments()
    play([3] * 30 + [20, 20] + [3] * 2, loud=shouted, stream=(timeline, moments))
    moments.forget(user_key(name), timeline)
    timeline.erase(name)
    assert not any(bucket.lines for bucket in timeline._buckets.values() if shouted in str(bucket.lines))
    assert not any("many say" in moment.reason for moment in moments.kept)
    assert not [line for bucket in timeline._buckets.values() for line in bucket.lines if naming(name)(line)]


def test_withdrawing_another_line_leaves_what_is_partly_history():
    timeline, moments, _ = chorus()
    moments.take_back(("other",), timeline)
    assert "quxxo" in moments.kept[0].reason
    timeline._buckets.clear()
    say(timeline, "ben", "much later", 430)
    moments.take_back(("much later",), timeline)
    assert "quxxo" in moments.kept[0].reason


def test_time_when_nobody_listened_is_no_pause():
    before, after = Timeline(60), Timeline(60)
    play([20] * 30, stream=(before, Moments()))
    after.unpack(before.pack())
    moments = Moments()
    for i in range(30):
        for n in range(20):
            say(after, f"user{n}", "what a play", 660 + i * BUCKET + n / 2)
        moments.step(after, ZERO + 660 + (i + 1) * BUCKET - 0.001)
    assert not moments.kept
