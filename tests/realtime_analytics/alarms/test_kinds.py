"""A stretch is named for what it looks like."""

from collections import Counter

import pytest

from hikari_ml.realtime_analytics.alarms.kinds import (
    AUDIENCE,
    CHAT_RATE,
    MOOD,
    NEWCOMERS,
    REPEATED,
    TOXIC,
    WINDOW_FEATURES,
    name_kind,
    window_row,
)
from hikari_ml.realtime_analytics.timeline import Bucket


def window(messages=20, chatters=15, newcomers=0, toxic=0, repeated=0, loudest=1, **more):
    names = Counter({f"user{i}": 1 for i in range(chatters)})
    if chatters:
        names["user0"] = loudest
    return Bucket(
        messages, names, newcomers, toxic, repeated, messages // 3, 0.6 * messages, messages, **more
    )


@pytest.mark.parametrize(
    ("found", "moved", "audience", "kind"),
    [
        (window(newcomers=12), {NEWCOMERS: 9.0}, 0.0, "raid"),
        (window(newcomers=12, toxic=9), {NEWCOMERS: 9.0, TOXIC: 8.0}, 0.0, "hate_raid"),
        (window(messages=60, newcomers=12, new_toxic=6), {NEWCOMERS: 9.0}, 0.0, "hate_raid"),
        (window(newcomers=12, new_repeated=10), {NEWCOMERS: 9.0}, 0.0, "bot_flood"),
        (window(newcomers=12, new_links=10), {NEWCOMERS: 9.0}, 0.0, "bot_flood"),
        (window(newcomers=12, new_repeated=10), {NEWCOMERS: 9.0}, 0.5, "raid"),
        (window(repeated=15), {REPEATED: 9.0}, 0.0, "copypasta"),
        (window(chatters=2, repeated=15), {REPEATED: 9.0}, 0.0, "bot_flood"),
        (window(repeated=12, loudest=14), {REPEATED: 9.0}, 0.0, "bot_flood"),
        (window(messages=200), {CHAT_RATE: 9.0}, 0.0, "burst"),
        (window(messages=2, chatters=2), {CHAT_RATE: -9.0}, 0.0, "quiet"),
        (window(toxic=8), {TOXIC: 9.0}, 0.0, "toxic"),
        (window(), {MOOD: -9.0}, 0.0, "mood_swing"),
        (window(), {5: 5.0}, 0.0, "unusual"),
        (window(), {AUDIENCE: 9.0}, 0.7, None),
    ],
)
def test_it_is_named_for_what_it_looks_like(found, moved, audience, kind):
    assert name_kind(found, moved, audience) == kind


def test_a_row_has_a_number_for_each_name_and_unknown_viewers_are_no_change():
    row = window_row(window())
    assert len(row) == len(WINDOW_FEATURES)
    assert row[AUDIENCE] == 0.0
    assert window_row(Bucket())[CHAT_RATE] == 0.0
