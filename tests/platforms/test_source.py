"""A source hands over in order, never waits, drops what matters least, and says so."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.chat import ChatMessage, MessageDeleted, SourceState, UserCleared, ViewerCount
from hikari_ml.errors import ClosedError, SourceError
from hikari_ml.platforms.source import (
    LONGEST_PAUSE,
    MAX_PROBLEMS,
    ChatSource,
    Counts,
    Handover,
    LiveSource,
    LostConnection,
    RateLimit,
    RecentIds,
    pause,
)
from tests.support import START, collected


def message(number):
    return ChatMessage("anna", f"line {number}", START, id=str(number))


def deletion(number):
    return MessageDeleted(START, str(number))


class Told(ChatSource):
    """Tells of given events; then it ends, fails, or waits for ever."""

    def __init__(self, events, *, error=None, waits=False, **more):
        super().__init__("told:x", "hikari", **more)
        self._events, self._error, self._waits = events, error, waits

    async def _run(self):
        for event in self._events:
            self.tell(event)
        if self._waits:
            await asyncio.Event().wait()
        if self._error:
            raise self._error


async def test_events_come_in_order_and_end():
    events = [message(1), deletion("x"), ViewerCount(START, 5), message(2)]
    async with Told(events) as source:
        assert [event async for event in source] == events
        assert await source.take(10) == []
    assert (source.counts.received, source.counts.dropped) == (4, 0)


async def test_a_full_handover_drops_the_oldest_message_and_keeps_deletions():
    events = [deletion("x"), *map(message, range(5)), deletion("y"), deletion("z")]
    async with Told(events, capacity=4) as source:
        gap, *taken = await source.take(10)
        assert isinstance(gap, SourceState)
        assert (gap.state, gap.reason.split()[0]) == ("gap", "4")
        assert taken == [deletion("x"), message(4), deletion("y"), deletion("z")]
        assert source.counts.dropped == 4


async def test_what_is_taken_back_while_it_waits_is_not_handed_over():
    cleared = UserCleared(START, "ANNA")
    ben = ChatMessage("ben", "hi", START, id="b")
    async with Told([message(1), message(2), ben, deletion(1), message(3)]) as source:
        assert await source.take(10) == [message(2), ben, deletion(1), message(3)]
    async with Told([message(1), ViewerCount(START, 5), message(2), ben, cleared, message(3)]) as source:
        assert await source.take(10) == [ViewerCount(START, 5), ben, cleared, message(3)]
    assert (source.counts.withdrawn, source.counts.dropped) == (2, 0)


async def test_a_gap_is_part_of_the_iteration():
    async with Told(list(map(message, range(5))), capacity=2) as source:
        assert [type(event).__name__ async for event in source] == [
            "SourceState",
            "ChatMessage",
            "ChatMessage",
        ]


@given(st.lists(st.booleans()), st.integers(1, 6))
def test_what_is_left_is_in_order_and_the_rest_is_counted(urgent, capacity):
    counts = Counts()
    handover = Handover(capacity, counts)
    events = [deletion(f"x{i}") if flag else message(i) for i, flag in enumerate(urgent)]
    for event in events:
        handover.put(event)
        assert len(handover) <= capacity
    handover.end()
    left = asyncio.run(handover.take(100))
    assert left == [event for event in events if event in left]
    assert counts.dropped == len(events) - len(left) == handover.lost()
    assert sum(urgent) > capacity or len([e for e in left if isinstance(e, MessageDeleted)]) == sum(urgent)


async def test_who_can_wait_loses_nothing():
    class Patient(Told):
        async def _run(self):
            for event in self._events:
                await self.hand(event)

    async with Patient(list(map(message, range(50))), capacity=3) as source:
        found = [event async for event in source]
    assert found == list(map(message, range(50)))
    assert source.counts.dropped == 0


async def test_what_was_heard_can_be_taken_after_closing():
    source = Told([message(1), message(2)], waits=True)
    assert await source.take(1) == [message(1)]
    await source.aclose()
    assert await source.take(5) == [message(2)]
    assert await source.take(5) == []


async def test_closing_wakes_who_waits():
    source = Told([], waits=True)
    waiting = asyncio.create_task(source.take(1))
    await asyncio.sleep(0.01)
    await source.aclose()
    assert await waiting == []


async def test_closing_at_once_ends_it_too():
    source = Told([], waits=True)
    await source._ready()
    await source.aclose()
    assert await source.take(1) == []
    never = Told([message(1)])
    await never.aclose()
    assert await never.take(1) == []


async def test_an_error_comes_after_the_events():
    async with Told([message(1)], error=SourceError("told:x", "it broke")) as source:
        assert await source.take(5) == [message(1)]
        for _ in range(2):
            with pytest.raises(SourceError, match="told:x: it broke"):
                await source.take(5)


async def test_a_closed_one_is_not_opened_again():
    source = Told([message(1)])
    await source.aclose()
    with pytest.raises(ClosedError):
        await source._ready()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("little_to_collect")
async def test_a_forgotten_one_is_noticed():
    source = Told([], waits=True)
    await source._ready()
    task = next(task for task in asyncio.all_tasks() if "told:x" in task.get_name())
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    del task
    with pytest.warns(ResourceWarning, match="Told was not closed"):
        del source
        await collected()


class Flaky(LiveSource):
    """Fails in given ways, then is connected for good."""

    def __init__(self, *failures):
        super().__init__("flaky:x", "hikari", first_pause=0.001)
        self._failures = list(failures)

    async def _session(self):
        if self._failures:
            failure = self._failures.pop(0)
            if failure is None:
                self._connected()
                return
            raise failure
        self._connected()
        await asyncio.Event().wait()


async def test_it_connects_again_and_says_what_may_be_missing():
    failures = (OSError("no route"), TimeoutError(), LostConnection("asked to"), None)
    async with Flaky(*failures) as source:
        found = []
        async for event in source:
            found.append((event.state, event.reason.split(" in ")[0]))
            if len(found) == 8:
                break
    assert found == [
        ("reconnecting", "OSError: no route"),
        ("reconnecting", "TimeoutError"),
        ("reconnecting", "asked to"),
        ("connected", ""),
        ("gap", "what was said"),
        ("reconnecting", "the other side ended the connection"),
        ("connected", ""),
        ("gap", "what was said"),
    ]
    assert source.counts.reconnects == 4


async def test_what_cannot_be_mended_ends_it():
    async with Flaky(SourceError("flaky:x", "refused")) as source:
        with pytest.raises(SourceError, match="refused"):
            await source.take()


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_a_minute_and_are_random(attempt, chance):
    whole = min(LONGEST_PAUSE, 2.0 ** min(attempt, 20))
    assert whole / 2 <= pause(attempt, chance) <= whole


def test_a_rate_limit_books_ahead():
    limit, now, waits = RateLimit(20, 10.0), 100.0, []
    for _ in range(45):
        waits.append(limit.book(now))
    assert waits == [0.0] * 20 + [10.0] * 20 + [20.0] * 5
    assert limit.book(500.0) == 0.0


def test_recent_ids_are_bounded():
    ids = RecentIds(2)
    assert [ids.is_new(key) for key in "abacaa"] == [True, True, False, True, True, False]


def test_problems_are_bounded_but_all_are_counted():
    counts = Counts()
    for number in range(500):
        counts.bad(str(number))
    assert (counts.malformed, len(counts.problems)) == (500, MAX_PROBLEMS)
