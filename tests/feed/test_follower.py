"""Whatever happens in whatever order, a client has the state byte for byte, or is told that it has not."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.feed.follower import SLOW_BYTES, SNAPSHOT_SECONDS, STUCK_SECONDS, Follower, Standing
from hikari_ml.feed.session import FeedState, apply_patch
from tests.feed.test_session import states


def as_bytes(state):
    return json.dumps(state, sort_keys=True).encode()


class Reader:
    """A client over a network that holds what is written until it is read."""

    def __init__(self):
        self.follower, self.wire, self.clogged = Follower(), [], False
        self.epoch = self.seq = self.state = None
        self.connected, self.events = True, []

    def unsent(self):
        return SLOW_BYTES + 1 if self.clogged else 0

    def read(self):
        for frame in self.wire:
            if frame["type"] == "snapshot":
                self.state = frame["data"]
                self.events.clear()
            elif frame["type"] != "resumed":
                assert frame["seq"] == self.seq + 1, "a hole, or something twice"
                if frame["type"] == "delta":
                    self.state = apply_patch(self.state, json.loads(frame.text)["data"])
                else:
                    self.events.append(frame["data"])
            self.epoch, self.seq = frame["epoch"], frame["seq"]
        self.wire.clear()


class World:
    """A feed, its clients, and what may happen to them."""

    def __init__(self):
        self.feed, self.readers, self.now = FeedState(), [], 0.0
        self.join(0)

    def reader(self, number):
        return self.readers[number % len(self.readers)]

    def update(self, state):
        self.feed.update(state, self.now)

    def event(self, number):
        self.feed.event("raid", {"n": number}, self.now)

    def join(self, _):
        self.readers.append(Reader())
        self.readers[-1].wire += self.readers[-1].follower.join(self.feed, None, None, self.now)

    def leave(self, number):
        self.reader(number).wire = []
        self.reader(number).connected = False

    def resume(self, number):
        reader = self.reader(number)
        if not reader.connected:
            reader.follower, reader.connected, reader.clogged = Follower(), True, False
            reader.wire += reader.follower.join(self.feed, reader.epoch, reader.seq, self.now)

    def clog(self, number):
        self.reader(number).clogged = True

    def clear(self, number):
        self.reader(number).clogged = False

    def ask(self, number):
        self.reader(number).follower.ask()

    def wait(self, number):
        self.now += 60.0 * number

    def visit(self, number):
        reader = self.reader(number)
        if reader.connected:
            reader.wire += reader.follower.due(self.feed, reader.unsent(), self.now)
            if not reader.clogged:
                reader.read()

    def settle(self, number):
        """All is read, and a second passes twice."""
        for _ in range(2):
            self.now += SNAPSHOT_SECONDS
            self.clear(number)
            self.visit(number)


numbered = ("event", "join", "visit", "leave", "resume", "clog", "clear", "ask", "wait")
steps = st.tuples(st.just("update"), states) | st.tuples(st.sampled_from(numbered), st.integers(0, 3))


@settings(max_examples=300)
@given(st.lists(steps, max_size=60))
def test_every_client_has_the_state_however_things_are_mixed(history):
    world = World()
    for happens, value in history:
        world.now += 0.1
        getattr(world, happens)(value)
    for number, reader in enumerate(world.readers):
        if reader.connected and reader.follower.standing is not Standing.STUCK:
            world.settle(number)
            assert (reader.seq, as_bytes(reader.state)) == (world.feed.seq, as_bytes(world.feed.state))


def following(feed, now=0.0):
    follower = Follower()
    follower.join(feed, None, None, now)
    return follower


def test_a_slow_client_gets_one_snapshot_for_all_it_missed():
    feed = FeedState()
    follower = following(feed)
    for n in range(5):
        feed.update({"n": n})
        assert follower.due(feed, SLOW_BYTES + 1, 1.0 + n) == []
    assert follower.degraded == 1
    assert follower.due(feed, 1, 6.0) == [], "not before all is read"
    (frame,) = follower.due(feed, 0, 7.0)
    assert (frame["type"], frame["seq"], frame["data"]) == ("snapshot", feed.seq, {"n": 4})
    feed.update({"n": 9})
    (frame,) = follower.due(feed, 0, 7.1)
    assert (frame["type"], frame["data"]) == ("delta", {"n": 9})


def test_a_client_that_does_not_read_is_stuck():
    feed = FeedState()
    follower = following(feed)
    feed.update({"n": 1})
    for now in (1.0, 1.0 + STUCK_SECONDS):
        follower.due(feed, SLOW_BYTES + 1, now)
        assert follower.standing is Standing.LOST
    follower.due(feed, SLOW_BYTES + 1, 1.1 + STUCK_SECONDS)
    assert follower.standing is Standing.STUCK


def test_a_client_that_does_not_read_is_noticed_when_nothing_happens():
    feed = FeedState()
    follower = following(feed)
    follower.due(feed, SLOW_BYTES + 1, 1.0)
    follower.due(feed, SLOW_BYTES + 1, 1.1 + STUCK_SECONDS)
    assert follower.standing is Standing.STUCK


def test_who_asks_again_and_again_gets_a_snapshot_a_second():
    feed = FeedState()
    follower = following(feed)
    given = 0
    for tick in range(1, 100):
        follower.ask()
        given += len(follower.due(feed, 0, tick / 10))
    assert given == 9
    assert follower.degraded == 0


def test_who_falls_out_of_the_ring_gets_a_snapshot():
    feed = FeedState()
    follower = following(feed)
    for n in range(600):
        feed.update({"n": n})
    (frame,) = follower.due(feed, 0, 5.0)
    assert (frame["type"], follower.degraded) == ("snapshot", 1)
