"""Viewers are known by what they do."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.viewers import Viewer, Viewers
from tests.support import START, at

UTC = ZoneInfo("UTC")


def message(text, second=0.0, username="anna", topics=()):
    return measure(username, text, at(second), None, tuple(topics), 0)


def viewer_of(*messages):
    viewer = Viewer("anna", START, START)
    for said in messages:
        viewer.add(said, UTC)
    return viewer


@given(
    st.lists(
        st.sampled_from(["gg", "what is that?", "@ben hi", "LUL", "", "a long line about nothing"]),
        max_size=80,
    )
)
def test_engagement_is_a_share(texts):
    assert 0 <= viewer_of(*(message(text, i) for i, text in enumerate(texts))).engagement() <= 1


def test_spam_wins_nothing():
    spammer = viewer_of(*(message("BUY NOW", i) for i in range(500)))
    talker = viewer_of(*(message(f"thought number {i}", i * 60) for i in range(8)))
    assert spammer.engagement() < talker.engagement() / 1.5


def test_short_messages_are_no_shame():
    short = viewer_of(*(message(text, i) for i, text in enumerate(("gg", "nice", "wow", "pog", "yes"))))
    long = viewer_of(
        *(message(f"{text} and many more words to say the same", i) for i, text in enumerate("abcde"))
    )
    assert short.engagement() == pytest.approx(long.engagement())


def test_talking_to_others_counts():
    alone = viewer_of(*(message(f"line {i}", i) for i in range(6)))
    together = viewer_of(*(message(f"@ben line {i}?", i) for i in range(6)))
    assert together.engagement() > alone.engagement()


def test_coming_often_makes_returning_likelier():
    day = 86_400
    once = viewer_of(message("hi", -27 * day))
    weekly = viewer_of(*(message("hi", -n * 7 * day) for n in (3, 2, 1, 0)))
    daily = viewer_of(*(message("hi", -n * day) for n in range(27, -1, -1)))
    chances = [viewer.return_probability(START, UTC) for viewer in (once, weekly, daily)]
    assert chances == sorted(chances)
    assert 0 < chances[0] < 0.3
    assert chances[2] > 0.9


def test_staying_away_makes_returning_less_likely():
    viewer = viewer_of(message("hi"), message("hi", 86_400))
    chances = [viewer.return_probability(START + timedelta(days=n), UTC) for n in (1, 10, 40, 200)]
    assert chances == sorted(chances, reverse=True)


def test_topics_are_their_own_words_the_strongest_first():
    viewer = viewer_of(message("x", 0, topics=["cats"]), message("y", 1, topics=["cats", "tea"]))
    assert [topic for topic, _ in viewer.favorite_topics()] == ["cats", "tea"]
    assert viewer.favorite_topics()[0][1] == 1


def test_topics_are_bounded():
    viewer = viewer_of(*(message("x", i, topics=[f"topic{i}"]) for i in range(200)))
    assert len(viewer.topics) <= 32


def test_hours_are_those_of_the_streamer():
    viewer = Viewer("anna", START, START)
    viewer.add(message("hi"), ZoneInfo("Asia/Tokyo"))
    assert viewer.hours.index(1) == 5


def test_taking_back():
    viewer = viewer_of(message("hello", 1, topics=["a"]), message("love 😂", 2, topics=["b"]))
    viewer.retract(message("love 😂", 2, topics=["b"]), UTC)
    assert viewer.messages == 1
    assert viewer.mood_count == 0
    assert [topic for topic, _ in viewer.favorite_topics()] == ["a"]


def test_names_are_the_same_in_any_case():
    viewers = Viewers(UTC, 10)
    viewers.seen(message("hi", username="Anna"))
    viewers.seen(message("hi", username="anna"))
    assert len(viewers) == 1
    assert viewers.get("ANNA").messages == 2


def test_the_least_recently_seen_makes_room():
    viewers = Viewers(UTC, 3)
    for i, name in enumerate(["a", "b", "c", "a", "d"]):
        viewers.seen(message("hi", i, username=name))
    assert viewers.get("b") is None
    assert viewers.get("a") is not None


def test_asking_for_a_stranger_creates_nobody():
    viewers = Viewers(UTC, 3)
    assert viewers.get("stranger") is None
    assert len(viewers) == 0


def test_what_is_packed_comes_back():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    for i in range(20):
        viewers.seen(message(f"I love this {i}", i * 3600, f"user{i % 4}", ["tea"]))
    other.unpack(viewers.pack())
    assert list(other.pack()) == list(viewers.pack())
    assert other.get("user1").messages == 5


def test_engagement_and_repetition_outlive_a_restart():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    for i in range(20):
        viewers.seen(message(f"what is thought number {i}?", i * 60))
    other.unpack(viewers.pack())
    before, after = viewers.get("anna"), other.get("anna")
    assert after.engagement() == before.engagement() > 0.5
    key = message("what is thought number 19?").key
    assert after.repeats(key, at(19 * 60).timestamp()) == 1
    after.retract(message("what is thought number 19?", 19 * 60), UTC)
    assert after.repeats(key, at(19 * 60).timestamp()) == 0


def test_what_people_wrote_is_not_in_what_is_kept():
    viewers = Viewers(UTC, 10)
    viewers.seen(message("my secret is out", topics=["tea"]))
    assert b"secret" not in msgpack.packb(list(viewers.pack()))


def test_viewers_kept_by_the_first_format_are_read():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    viewers.seen(message("hi"))
    other.unpack(row[:10] for row in viewers.pack())
    assert other.get("anna").messages == 1
    assert other.get("anna").engagement() == 0


def test_who_is_forgotten_while_the_rest_is_packed_is_not_packed():
    viewers = Viewers(UTC, 10)
    for name in ("anna", "ben"):
        viewers.seen(message("hi", username=name))
    rows = viewers.pack()
    next(rows)
    viewers.forget("ben")
    assert list(rows) == []
