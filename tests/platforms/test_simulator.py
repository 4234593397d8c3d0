"""The simulated evening: the same for the same seed, and with everybody in it."""

from collections import Counter

import pytest

from hikari_ml.chat import ChatMessage, ViewerCount
from hikari_ml.platforms.simulator import BOT, EVENING, LURKERS, RAIDERS, TROLLS, Simulator
from tests.support import START

ROUND = sum(seconds for _, seconds in EVENING)


def evening(seed=1, seconds=ROUND):
    return list(Simulator(seed, start=START).run(seconds))


def test_a_seed_is_an_evening():
    assert evening(3) == evening(3)
    assert evening(3) != evening(4)


def test_what_happens_is_in_order_of_time_and_within_it():
    moments = [x.timestamp if isinstance(x, ChatMessage) else x.at for x in evening(2, 300)]
    assert moments == sorted(moments)
    assert (moments[-1] - START).total_seconds() <= 300


def test_a_longer_evening_begins_like_a_shorter():
    short = evening(5, 100)
    assert evening(5, 200)[: len(short)] == short


def test_everybody_is_there():
    said = Counter(x.username for x in evening() if isinstance(x, ChatMessage))
    for group in (LURKERS, RAIDERS, TROLLS, ("miyu_draws", "pocketfern")):
        assert any(name in said for name in group)
    regulars = sum(
        said[name]
        for name in ("miyu_draws", "pocketfern", "old_man_gus", "tinycactus", "sir_waffles", "lunar_kit")
    )
    assert regulars > sum(said[name] for name in LURKERS)


def test_the_scenes_can_be_told_from_what_is_said():
    texts = [x.text for x in evening() if isinstance(x, ChatMessage)]
    assert texts.count("I came for the gameplay and stayed because my chair is stuck, please send help") > 20
    assert any("CLUTCH" in text for text in texts)
    assert any("sorry" in text for text in texts)
    assert any("raid" in text.casefold() for text in texts)
    assert any("favourite" in text for text in texts)


def test_ids_are_never_used_twice_and_nothing_is_left_to_fill_in():
    messages = [x for x in evening(7, 2 * ROUND) if isinstance(x, ChatMessage)]
    assert len({message.id for message in messages}) == len(messages)
    assert not [message.text for message in messages if "{" in message.text]


def test_viewers_are_counted_every_ten_seconds():
    counts = [x for x in evening() if isinstance(x, ViewerCount)]
    assert len(counts) == ROUND // 10 + 1
    assert all(count.value >= 60 for count in counts)


def test_the_bot_is_a_known_one():
    from hikari_ml.config import KNOWN_BOTS

    assert BOT in KNOWN_BOTS


@pytest.mark.parametrize("seed", range(3))
def test_offsets_are_seconds_of_the_evening(seed):
    simulator = Simulator(seed, start=START)
    for happening in simulator.run(20):
        moment = happening.timestamp if isinstance(happening, ChatMessage) else happening.at
        assert 0 <= simulator.offset(moment) <= 20
