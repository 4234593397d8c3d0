"""What is told of a viewer, and which model says whether they will be back."""

import random
from datetime import timedelta

import numpy as np
import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.config import Settings
from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.audience import profiles
from tests.support import LINES, START

DAY = timedelta(days=1)


async def weeks(engine, clock, days=50, people=60, seed=0):
    """Viewers who come on days at a rate of their own."""
    rng = random.Random(seed)
    rates = [rng.betavariate(0.6, 1.5) for _ in range(people)]
    for _ in range(days):
        for i, rate in enumerate(rates):
            if rng.random() < rate:
                await engine.process_chat_message(f"user{i}", rng.choice(LINES), clock.now())
        clock.advance(DAY.total_seconds())


async def test_a_channel_without_a_past_says_that_it_is_a_prior(engine, clock):
    await engine.process_chat_message("anna", "hello", clock.now())
    found = await engine.get_viewer_insights("anna")
    assert found["return_model"] == "prior"
    assert found["tier"] == "newcomer"
    assert found["sentiment_trend"] is None
    assert found["bot"] is None
    assert 0 < found["return_probability"] < 1


async def test_a_channel_with_a_past_learns_from_it_once_a_day(engine, clock, monkeypatch):
    await weeks(engine, clock)
    calls = []
    real = profiles.learn
    monkeypatch.setattr(profiles, "learn", lambda *given: calls.append(given) or real(*given))
    await engine.process_chat_message("user0", "hello", clock.now())
    for name in ("user0", "user1", "user0"):
        assert (await engine.get_viewer_insights(name))["return_model"] == "channel"
    assert len(calls) == 1
    clock.advance(DAY.total_seconds())
    await engine.process_chat_message("user0", "hello again", clock.now())
    await engine.get_viewer_insights("user0")
    assert len(calls) == 2


async def test_who_is_forgotten_is_not_learned_from_again(engine, clock, monkeypatch):
    await weeks(engine, clock, days=2)
    name, other = engine.busiest_viewers(2)
    await engine.get_viewer_insights(name)
    calls = []
    real = profiles.learn
    monkeypatch.setattr(profiles, "learn", lambda *given: calls.append(given[0]) or real(*given))
    known = engine.chatters
    assert await engine.forget_viewer(name)
    await engine.get_viewer_insights(other)
    assert len(calls[0].first) == known - 1
    assert (await engine.get_viewer_insights(name))["status"] == "no_data"


async def test_the_same_past_gives_the_same_chance_after_a_restart(tmp_path, clock):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await weeks(engine, clock)
        await engine.process_chat_message("user3", "hello", clock.now())
        before = await engine.get_viewer_insights("user3")
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        after = await engine.get_viewer_insights("user3")
    assert before == after
    assert after["return_model"] == "channel"


async def test_an_embedding_makes_words_one_topic(engine, clock):
    vector = np.zeros(16)
    vector[0] = 1
    for text in ("kittens everywhere", "kittens kittens", "whiskers again", "whiskers everywhere") * 2:
        clock.advance(60)
        await engine.process_chat_message("anna", text, clock.now(), embedding=vector)
    (name, weight), *_ = (await engine.get_viewer_insights("anna"))["favorite_topics"]
    assert weight == 1
    assert set(name.split()) <= {"kittens", "whiskers", "everywhere"}
    assert len(name.split()) == 2


@pytest.mark.parametrize("embedding", [[], [[1.0]], ["x"], [float("nan")], 5, "text"])
async def test_an_embedding_that_is_none_is_refused_and_nothing_counted(engine, embedding):
    with pytest.raises(InputError, match="embedding"):
        await engine.process_chat_message("anna", "hello", embedding=embedding)
    assert engine.chatters == 0


async def timer(engine, clock, name="helperbot"):
    for _ in range(10):
        clock.advance(600)
        found = await engine.process_chat_message(name, "please read the rules of this channel", clock.now())
    return found


async def test_a_program_is_left_out_of_the_counts_with_the_reason(engine, clock):
    await engine.process_chat_message("anna", "hello", clock.now())
    found = await timer(engine, clock)
    assert found["features"]["counted"] is False
    assert found["features"]["why_not"].startswith("bot: clockwork")
    assert engine.chatters == 1
    assert engine.busiest_viewers(5) == ["anna"]
    known = await engine.get_viewer_insights("helperbot")
    assert known["bot"].startswith("clockwork")
    assert known["message_count"] == 6, "those before it was known for one"


@pytest.mark.parametrize("analytics", [{"not_bots": ("HelperBot",)}, {"detect_bots": False}])
async def test_a_setting_overrules_it(clock, analytics):
    async with StreamAnalyticsEngine(Settings(analytics=analytics), clock=clock) as engine:
        assert (await timer(engine, clock))["features"]["counted"] is True
        assert engine.chatters == 1


async def test_what_was_taken_for_a_program_stays_so_over_a_restart_unless_overruled(tmp_path, clock):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await timer(engine, clock)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert engine.chatters == 0
    settings = Settings(analytics={"detect_bots": False})
    async with StreamAnalyticsEngine(settings, path=path, clock=clock) as engine:
        assert engine.chatters == 1


async def test_profiles_are_of_now_and_of_a_recording_those_of_its_end(engine, clock):
    await engine.process_chat_message("anna", "hello", START)
    clock.advance(90 * DAY.total_seconds())
    assert (await engine.get_viewer_insights("anna"))["tier"] == "lapsed"
    await engine.process_chat_message("ben", "hello", START)
    assert (await engine.get_viewer_insights("ben"))["tier"] == "newcomer"
