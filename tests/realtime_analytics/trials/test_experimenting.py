"""Experiments on an engine: from the chat it counts to a verdict, over pauses and restarts."""

import json
from datetime import datetime, timedelta

import msgpack
import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.errors import InputError
from hikari_ml.results import ExperimentArm, ExperimentPlan, ExperimentResult, PowerTable
from hikari_ml.runtime import statefile
from tests.support import LINES, at, busy


def check_plain(result):
    assert msgpack.unpackb(msgpack.packb(result)) == json.loads(json.dumps(result, allow_nan=False))


async def stream(engine, clock, name, minutes, begin=0, more=("garden",)):
    """A stream that follows the experiment; the arms in ``more`` draw four times the chat."""
    for minute in range(minutes):
        clock.advance_to(at(begin + 60 * minute))
        arm = (await engine.experiments.arm(name))["arm"]
        for i in range(8 if arm in more else 2):
            clock.advance_to(at(begin + 60 * minute + 5 * i))
            await engine.process_chat_message(f"user{i}", LINES[i % len(LINES)], clock.now())


async def test_a_scene_that_draws_more_is_found(engine, clock):
    started = await engine.experiments.start("scene", ["desk", "garden"])
    assert set(started) == set(ExperimentPlan.__annotations__)
    check_plain(started)
    assert started["power"]["rows"] == []
    before = await engine.experiments.result("scene")
    assert before["verdict"].startswith("nothing can be said yet")
    await stream(engine, clock, "scene", 130)
    found = await engine.experiments.result("scene")
    check_plain(found)
    assert set(found) == set(ExperimentResult.__annotations__)
    (garden,) = found["comparisons"]
    assert garden["low"] > 1
    assert garden["verdict"].endswith("more chat than desk; it is safe to stop")
    assert found["blocks"] == 25  # the last one may still get a late message
    assert (await engine.experiments.known()) == {"scene": "running"}
    ended = await engine.experiments.end("scene")
    assert ended["status"] == "ended"
    assert (await engine.experiments.result("scene")) == ended
    assert (await engine.experiments.known()) == {"scene": "ended"}


async def test_the_arm_changes_with_the_blocks(engine, clock):
    await engine.experiments.start("scene", ["desk", "garden"], block_minutes=10)
    first = await engine.experiments.arm("scene")
    check_plain(first)
    assert set(first) == set(ExperimentArm.__annotations__)
    assert first["since"] == "2026-01-10T20:00:00.000Z"
    assert first["until"] == "2026-01-10T20:10:00.000Z"
    clock.advance(600)
    second = await engine.experiments.arm("scene")
    assert {first["arm"], second["arm"]} == {"desk", "garden"}
    assert await engine.experiments.arm("scene", at(0)) == first
    assert (await engine.experiments.arm("scene", at(-5000)))["arm"] == first["arm"]


async def test_a_restart_changes_nothing(tmp_path, clock):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.experiments.start("scene", ["desk", "garden"])
        await engine.experiments.start("old", ["a", "b"])
        ended = await engine.experiments.end("old")
        await stream(engine, clock, "scene", 100)
        before = await engine.experiments.result("scene")
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert await engine.experiments.result("scene") == before
        assert await engine.experiments.result("old") == ended
        await stream(engine, clock, "scene", 60, begin=86_400)
        after = await engine.experiments.result("scene")
    assert after["blocks"] == before["blocks"] + 12  # the last one of the first day, and eleven more
    assert after["left_out"] == {}


async def test_a_state_from_before_experiments_is_read(tmp_path, clock):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 5)
    state = statefile.load(path, 3)
    del state["experiments"], state["format"]
    statefile.save(path, state, 2)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert await engine.experiments.known() == {}
        assert engine.chatters == 9


async def test_what_is_settled_is_what_was_measured(engine, clock):
    await engine.experiments.start("scene", ["desk", "garden"])
    await stream(engine, clock, "scene", 150)
    before = await engine.experiments.result("scene")
    kept = await engine.experiments.pack()
    assert 10 < len(kept["running"][0]["blocks"]) < before["blocks"]
    assert await engine.experiments.result("scene") == before


async def test_what_the_streamer_did_counts(engine, clock):
    await engine.experiments.start("scene", ["desk", "garden"])
    await engine.experiments.note_arm("scene", "garden")
    await busy(engine, clock, 22)
    await engine.experiments.note_arm("scene", None)
    await busy(engine, clock, 22, begin=22 * 60)
    found = await engine.experiments.result("scene")
    assert {arm["arm"]: arm["blocks"] for arm in found["arms"]} == {"desk": 0, "garden": 4}
    assert found["left_out"]["no arm on"] == 4
    assert found["strayed"] == 0.5
    assert found["degraded"][0].startswith("strayed: ")
    with pytest.raises(InputError, match="note them in order"):
        await engine.experiments.note_arm("scene", "desk", at(0))


async def test_a_bandit_comes_to_play_what_draws_more(engine, clock):
    started = await engine.experiments.start(
        "game", ["chess", "go", "ludo"], bandit="thompson", block_minutes=3, seed=4
    )
    assert started["kind"] == "bandit"
    assert started["power"] is None
    await stream(engine, clock, "game", 150, more=("ludo",))
    found = await engine.experiments.result("game")
    check_plain(found)
    shares = {arm["arm"]: arm["share"] for arm in found["arms"]}
    assert shares["ludo"] > 0.5
    assert found["comparisons"] == []
    assert "no significance test" in found["verdict"]


async def test_a_recorded_metric_can_be_compared(engine, clock):
    for minute in range(60):
        clock.advance_to(at(60 * minute))
        await engine.record_metric("viewer_count", 100 + minute % 7)
    started = await engine.experiments.start("title", ["old", "new"], metric="viewer_count")
    for minute in range(60, 220):
        clock.advance_to(at(60 * minute))
        arm = (await engine.experiments.arm("title"))["arm"]
        await engine.record_metric("viewer_count", (150 if arm == "new" else 100) + minute % 7)
    (new,) = (await engine.experiments.result("title"))["comparisons"]
    assert new["decided"]
    assert new["estimate"] == pytest.approx(1.5, abs=0.05)
    assert "more viewer_count than old" in new["verdict"]
    assert started["effect"] == "ratio"


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # what alarms make of such values
@pytest.mark.parametrize(
    ("effect", "values"), [("difference", [1.7e308, 1.0, 2.0]), ("ratio", [1e-300, 1e300, 1.0])]
)
async def test_huge_values_do_not_keep_the_channel_from_being_kept(tmp_path, clock, effect, values):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.process_chat_message("anna", "hello there", clock.now())
        await engine.record_metric("tips", 1.0)
        await engine.experiments.start("title", ["old", "new"], metric="tips", effect=effect)
        for minute in range(200):
            clock.advance_to(at(60 * minute))
            await engine.record_metric("tips", values[minute // 5 % 3])
        await engine.save()
        check_plain(await engine.experiments.result("title"))
        found = await engine.experiments.end("title")
        assert set(found["left_out"]) <= {"value too large", "value too small"}
        assert 10 < found["blocks"] < 30
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert engine.chatters == 1
        assert await engine.experiments.result("title") == found


async def test_an_experiment_that_cannot_be_measured_does_not_keep_the_rest_from_being_kept(
    tmp_path, clock, caplog
):
    path = tmp_path / "analytics.msgpack"
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await engine.experiments.start("scene", ["desk", "garden"])
    state = statefile.load(path, 3)
    state["experiments"]["running"][0]["plan"]["block_minutes"] = 0
    statefile.save(path, state, 3)
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        await busy(engine, clock, 30)
        await engine.save()
        assert "'scene' cannot be measured" in caplog.text
    async with StreamAnalyticsEngine(path=path, clock=clock) as engine:
        assert engine.chatters == 9


@pytest.mark.parametrize("name", [None, [], {}, 5, "\ud800"])
async def test_what_is_no_name_is_refused(engine, name):
    asked = engine.experiments
    for call in (asked.arm, asked.result, asked.end, lambda given: asked.note_arm(given, "desk")):
        with pytest.raises(InputError) as caught:
            await call(name)
        assert caught.value.field == "name"
    await asked.start("scene", ["desk", "garden"])
    with pytest.raises(InputError):
        await asked.note_arm("scene", [] if name is None else name)


async def test_a_naive_moment_is_warned_of_where_it_is_written(engine):
    with pytest.warns(UserWarning, match="no time zone") as told:
        await engine.experiments.start("scene", ["desk", "garden"], timestamp=datetime(2026, 1, 10, 20))
        await engine.record_metric("tips", 1.0, datetime(2026, 1, 10, 20))
    assert [one.filename for one in told] == [__file__] * 2


async def test_two_experiments_run_side_by_side(engine, clock):
    await engine.experiments.start("scene", ["desk", "garden"])
    await engine.experiments.start("title", ["old", "new"], metric="chatters")
    await stream(engine, clock, "scene", 130)
    scene, title = [await engine.experiments.result(name) for name in ("scene", "title")]
    assert scene["comparisons"][0]["decided"]
    assert not title["comparisons"][0]["decided"]


async def test_the_power_is_told_before_the_start(engine, clock):
    none = await engine.experiments.power()
    assert set(none) == set(PowerTable.__annotations__)
    assert none["source"] is None
    given = await engine.experiments.power(3, noise=0.4, effects=[1.3])
    check_plain(given)
    assert given["rows"][0]["median_blocks"] % 3 == 0
    await busy(engine, clock, 220)
    own = await engine.experiments.power()
    assert own["source"] == "own past"
    started = await engine.experiments.start("scene", ["desk", "garden"])
    assert started["power"]["rows"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"arms": ["one"]}, "arms"),
        ({"arms": "ab"}, "arms"),
        ({"arms": ["a", "a"]}, "arms"),
        ({"arms": ["a", ""]}, "arms"),
        ({"arms": [f"a{n}" for n in range(11)]}, "arms"),
        ({"metric": "laughs"}, "metric"),
        ({"metric": "followers"}, "effect"),
        ({"effect": "odds"}, "effect"),
        ({"block_minutes": 0}, "block_minutes"),
        ({"block_minutes": 0.5}, "block_minutes"),
        ({"block_minutes": True}, "block_minutes"),
        ({"block_minutes": 1441}, "block_minutes"),
        ({"block_minutes": 3, "washout_minutes": 3}, "washout_minutes"),
        ({"washout_minutes": -1}, "washout_minutes"),
        ({"seed": 1.5}, "seed"),
        ({"bandit": "greedy"}, "bandit"),
        ({"bandit": "ucb", "reward": "poisson"}, "reward"),
        ({"timestamp": "now"}, "timestamp"),
    ],
)
async def test_what_cannot_be_used_is_named(engine, changes, field):
    await engine.record_metric("followers", 0)
    given = {"name": "scene", "arms": ["desk", "garden"], **changes}
    with pytest.raises(InputError) as error:
        await engine.experiments.start(given.pop("name"), given.pop("arms"), **given)
    assert error.value.field == field
    assert await engine.experiments.known() == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"arms": 1}, "arms"),
        ({"noise": float("nan")}, "noise"),
        ({"noise": 0}, "noise"),
        ({"effects": []}, "effects"),
        ({"effects": [1.0]}, "effects"),
        ({"effects": [float("inf")]}, "effects"),
    ],
)
async def test_a_power_that_cannot_be_told_is_named(engine, given, field):
    with pytest.raises(InputError) as error:
        await engine.experiments.power(**given)
    assert error.value.field == field


async def test_names_nobody_knows(engine):
    for ask in (engine.experiments.arm, engine.experiments.result, engine.experiments.end):
        with pytest.raises(InputError, match="no experiment of this name runs; running now: none"):
            await ask("scene")
    with pytest.raises(InputError):
        await engine.experiments.note_arm("scene", "desk")


async def test_a_naive_moment_is_taken_as_local(engine):
    with pytest.warns(UserWarning, match="no time zone"):
        await engine.experiments.start("scene", ["a", "b"], timestamp=datetime(2026, 1, 10))


async def test_replayed_at_any_time_it_says_the_same(clock):
    results = []
    for ahead in (7_000, 40 * 86_400):
        clock.advance(ahead)
        async with StreamAnalyticsEngine(clock=clock) as engine:
            await engine.experiments.start("scene", ["desk", "garden"], timestamp=at(0))
            for i in range(600):
                await engine.process_chat_message(f"u{i % 7}", LINES[i % 7], at(10 * i))
                if ahead > 7_000 and i % 50 == 0:
                    await engine.experiments.result("scene")
            results.append(await engine.experiments.result("scene"))
    assert results[0] == results[1]
    assert results[0]["started_at"] == "2026-01-10T20:00:00.000Z"
    assert timedelta(minutes=5) * results[0]["blocks"] < timedelta(seconds=6000)
