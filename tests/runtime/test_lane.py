"""A lane delivers a result or an exception to every waiter, whatever happens."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.errors import ClosedError
from hikari_ml.runtime.lane import Lane, waiting, work_lane


async def test_every_caller_gets_its_own_result():
    lane = Lane(lambda items: [item * 2 for item in items], name="double")
    assert await asyncio.gather(*(lane.submit(i) for i in range(500))) == [2 * i for i in range(500)]
    await lane.aclose()


async def test_what_waits_is_counted_by_the_name_of_its_lane():
    begun, gate = threading.Semaphore(0), threading.Event()

    def work():
        begun.release()
        gate.wait(5)

    lanes = [work_lane("counted"), work_lane("counted")]
    tasks = [asyncio.create_task(lane.submit(work)) for lane in lanes for _ in range(3)]
    for _ in lanes:
        assert await asyncio.to_thread(begun.acquire, timeout=5)
    assert waiting()["counted"] == 4
    gate.set()
    await asyncio.gather(*tasks)
    assert waiting()["counted"] == 0
    for lane in lanes:
        await lane.aclose()
    assert "counted" not in waiting()


async def test_what_waits_together_is_worked_on_together():
    sizes, gate = [], threading.Event()

    def work(items):
        gate.wait(5)
        sizes.append(len(items))
        return items

    lane = Lane(work, name="batches", max_batch=8)
    waiting = [asyncio.create_task(lane.submit(i)) for i in range(20)]
    await asyncio.sleep(0.05)
    gate.set()
    await asyncio.gather(*waiting)
    assert max(sizes) == 8
    assert sum(sizes) == 20
    await lane.aclose()


async def test_one_failing_item_fails_its_own_waiter_only():
    lane = Lane(lambda items: [ValueError(str(i)) if i % 2 else i for i in items], name="odd")
    results = await asyncio.gather(*(lane.submit(i) for i in range(10)), return_exceptions=True)
    assert [r for r in results if isinstance(r, int)] == [0, 2, 4, 6, 8]
    assert [str(r) for r in results if isinstance(r, ValueError)] == ["1", "3", "5", "7", "9"]
    await lane.aclose()


@pytest.mark.parametrize("wrong", [lambda items: 1 / 0, lambda items: []])
async def test_work_that_breaks_reaches_every_waiter(wrong):
    lane = Lane(wrong, name="broken")
    results = await asyncio.gather(*(lane.submit(i) for i in range(5)), return_exceptions=True)
    assert all(isinstance(result, ZeroDivisionError | RuntimeError) for result in results)
    await lane.aclose()


async def test_what_no_future_takes_leaves_nobody_of_its_batch_waiting():
    gate = threading.Event()

    def work(items):
        gate.wait(5)
        return [StopIteration(item) if item == 1 else item for item in items]

    lane = Lane(work, name="stop", max_batch=8)
    waiting = [asyncio.create_task(lane.submit(item)) for item in range(4)]
    await asyncio.sleep(0.05)
    gate.set()
    found = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [found[0], found[2], found[3]] == [0, 2, 3]
    assert isinstance(found[1], RuntimeError)
    await lane.aclose()


async def test_the_lane_goes_on_after_a_failure():
    lane = Lane(lambda items: [10 // item for item in items], name="division", max_batch=1)
    with pytest.raises(ZeroDivisionError):
        await lane.submit(0)
    assert await lane.submit(5) == 2
    await lane.aclose()


async def test_a_cancelled_waiter_is_dropped_before_its_turn():
    seen, gate = [], threading.Event()

    def work(items):
        gate.wait(5)
        seen.extend(items)
        return items

    lane = Lane(work, name="cancel", max_batch=1)
    first = asyncio.create_task(lane.submit("first"))
    await asyncio.sleep(0.05)
    second, third = (asyncio.create_task(lane.submit(name)) for name in ("second", "third"))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await third == "third"
    assert await first == "first"
    assert seen == ["first", "third"]
    await lane.aclose()


async def test_a_full_queue_makes_callers_wait_and_loses_nobody():
    lane = Lane(lambda items: (time.sleep(0.001), items)[1], name="full", max_batch=2, capacity=4)
    depths = []

    async def one(i):
        result = await lane.submit(i)
        depths.append(len(lane._queue.jobs))
        return result

    assert sorted(await asyncio.gather(*(one(i) for i in range(200)))) == list(range(200))
    assert max(depths) <= 4
    await lane.aclose()


async def test_closing_works_off_what_was_accepted_and_refuses_the_rest():
    lane = Lane(lambda items: (time.sleep(0.01), items)[1], name="closing", max_batch=1)
    accepted = [asyncio.create_task(lane.submit(i)) for i in range(5)]
    await asyncio.sleep(0)
    await lane.aclose()
    assert await asyncio.gather(*accepted) == list(range(5))
    with pytest.raises(ClosedError):
        await lane.submit(6)
    await lane.aclose()


async def test_a_caller_waiting_for_room_is_told_when_the_lane_closes():
    gate = threading.Event()
    lane = Lane(lambda items: (gate.wait(5), items)[1], name="room", max_batch=1, capacity=1)
    tasks = [asyncio.create_task(lane.submit(i)) for i in range(4)]
    await asyncio.sleep(0.05)
    closing = asyncio.create_task(lane.aclose())
    await asyncio.sleep(0.05)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    await closing
    assert all(isinstance(result, int | ClosedError) for result in results)
    assert any(isinstance(result, ClosedError) for result in results)


async def test_the_event_loop_keeps_ticking_while_the_lane_works():
    lane = Lane(lambda items: (time.sleep(0.2), items)[1], name="slow")
    ticks = 0

    async def heartbeat():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.005)
            ticks += 1

    beating = asyncio.create_task(heartbeat())
    await lane.submit(1)
    beating.cancel()
    assert ticks >= 10
    await lane.aclose()


async def test_one_lane_serves_several_event_loops():
    lane = Lane(lambda items: [item + 1 for item in items], name="loops")
    results = await asyncio.to_thread(lambda: asyncio.run(lane.submit(41)))
    assert results == 42
    assert await lane.submit(1) == 2
    await lane.aclose()


async def test_a_lane_nobody_holds_ends_its_thread():
    lane = Lane(lambda items: items, name="forgotten")
    await lane.submit(1)
    thread, gone = lane._thread, weakref.ref(lane)
    del lane
    gc.collect()
    assert gone() is None
    await asyncio.to_thread(thread.join, 5)
    assert not thread.is_alive()


@settings(max_examples=25)
@given(st.lists(st.integers(-3, 3), max_size=60), st.integers(1, 7), st.integers(1, 9))
def test_whatever_is_submitted_is_answered_in_order(items, batch, capacity):
    def work(batch):
        return [RuntimeError() if item == 0 else item for item in batch]

    async def run():
        lane = Lane(work, name="any", max_batch=batch, capacity=capacity)
        results = await asyncio.gather(*(lane.submit(item) for item in items), return_exceptions=True)
        await lane.aclose()
        return results

    results = asyncio.run(run())
    assert len(results) == len(items)
    for item, result in zip(items, results, strict=True):
        assert isinstance(result, RuntimeError) if item == 0 else result == item


async def test_a_waiter_for_room_that_gives_up_leaves_the_room_to_the_next():
    gate = threading.Event()
    lane = Lane(lambda items: (gate.wait(5), items)[1], name="room", max_batch=1, capacity=1)
    working = asyncio.create_task(lane.submit("a"))
    await asyncio.sleep(0.05)
    queued, gone, last = (asyncio.create_task(lane.submit(name)) for name in "bcd")
    await asyncio.sleep(0.05)
    gone.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.wait_for(asyncio.gather(working, queued, last), 5) == ["a", "b", "d"]
    await lane.aclose()


async def test_many_that_are_given_up_are_not_worked_on():
    gate, seen = threading.Event(), []

    def work(items):
        gate.wait(5)
        seen.extend(items)
        return items

    lane = Lane(work, name="many", max_batch=1, capacity=2)
    many = asyncio.create_task(lane.submit_many(range(10)))
    await asyncio.sleep(0.05)
    many.cancel()
    with pytest.raises(asyncio.CancelledError):
        await many
    gate.set()
    await lane.aclose()
    assert seen == [0]


async def test_a_lane_of_work_does_one_thing_after_the_other():
    lane = work_lane("test")
    done = []

    def fails():
        raise ValueError("wrong")

    found = await asyncio.gather(
        *(lane.submit(job) for job in (lambda: done.append(1), fails, lambda: done.append(2) or "two")),
        return_exceptions=True,
    )
    assert (done, found[0], str(found[1]), found[2]) == ([1, 2], None, "wrong", "two")
    await lane.aclose()


async def test_who_comes_too_late_is_told_whose_it_is():
    lane = work_lane("inner", "Engine")
    assert not lane.closed
    await lane.aclose()
    assert lane.closed
    with pytest.raises(ClosedError, match="Engine is closed"):
        await lane.submit(lambda: 1)
