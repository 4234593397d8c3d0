"""Forests are fitted beside the messages, and which of them judges depends on the stream alone."""

import asyncio
import threading

import pytest

from hikari_ml.errors import ClosedError
from hikari_ml.realtime_analytics.alarms.anomalies import FIRST_FIT, PATIENCE, MessageAnomalies
from hikari_ml.realtime_analytics.alarms.fitting import Fitting
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.runtime.lane import work_lane
from tests.support import LINES, at


@pytest.fixture
async def lane():
    found = work_lane("test-fits")
    yield found
    await found.aclose()


def judge(learner, times, begin=0):
    return [
        learner.judge(measure("anna", LINES[i % len(LINES)], at(i), None, (), 0)).score
        for i in range(begin, begin + times)
    ]


async def judged(lane, pause):
    """Scores of messages that come as fast as they can, or with a pause in which a fit may end."""
    learner, fitting, scores = MessageAnomalies(), Fitting(lane), []
    for i in range(FIRST_FIT + 2 * PATIENCE):
        await fitting.go_on([learner] if learner.due else [])
        scores += judge(learner, 1, i)
        if pause and learner.due:
            await asyncio.sleep(pause)
    return scores


async def test_the_speed_of_a_stream_changes_no_score(lane):
    quick, slow = await judged(lane, 0), await judged(lane, 0.01)
    assert quick == slow
    assert [score > 0 for score in quick] == [False] * (FIRST_FIT + PATIENCE) + [True] * PATIENCE


async def test_nobody_waits_for_a_fit_before_it_is_overdue(lane):
    over = threading.Event()
    held = asyncio.create_task(lane.submit(over.wait))
    try:
        learner, fitting = MessageAnomalies(), Fitting(lane)
        judge(learner, FIRST_FIT)
        for i in range(PATIENCE):
            await asyncio.wait_for(fitting.go_on([learner]), 30)
            judge(learner, 1, FIRST_FIT + i)
        assert learner.overdue
        waiting = asyncio.create_task(fitting.go_on([learner]))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    finally:
        over.set()
    await waiting
    assert not learner.due
    await held


async def held_up(lane, over):
    """A learner, and somebody who waits for its fit, which the lane does not begin before ``over`` is set."""
    asyncio.ensure_future(lane.submit(over.wait)).add_done_callback(asyncio.Task.result)
    learner, fitting = MessageAnomalies(), Fitting(lane)
    judge(learner, FIRST_FIT + PATIENCE)
    waiting = asyncio.create_task(fitting.go_on([learner]))
    await asyncio.sleep(0.05)
    return learner, fitting, waiting


async def test_a_caller_who_gives_up_leaves_the_fit_to_the_next(lane):
    learner, fitting, waiting = await held_up(lane, over := threading.Event())
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    over.set()
    await fitting.go_on([learner])
    assert not learner.due


async def test_a_fit_that_failed_is_told_of_and_tried_again(lane):
    learner, fitting = MessageAnomalies(), Fitting(lane)
    judge(learner, FIRST_FIT + PATIENCE)
    rows = learner._due_rows
    learner._due_rows = []
    with pytest.raises(ValueError, match="max_samples"):
        await fitting.go_on([learner])
    learner._due_rows = rows
    await fitting.go_on([learner])
    assert not learner.due


async def test_who_waits_when_the_engine_is_closed_is_told_so(lane):
    learner, fitting, waiting = await held_up(lane, over := threading.Event())
    fitting.cancel()
    with pytest.raises(ClosedError):
        await waiting
    over.set()
    await fitting.go_on([learner])
    assert not learner.due, "a fit that was cancelled is begun again"
