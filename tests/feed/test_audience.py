"""Whatever happens in whatever order, a client has the state byte for byte, or is told that it has not."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.feed.audience import SNAPSHOT_SECONDS, STUCK_SECONDS, Audience, Follower
from hikari_ml.feed.session import KEPT, FeedState, apply_patch
from tests.feed.test_session import states


def as_bytes(state):
    return json.dumps(state, sort_keys=True).encode()


class Reader(Follower):
    """A client over a network that holds what is written until it is read."""

    def __init__(self):
        super().__init__()
        self.wire, self.clogged, self.connected = [], False, True
        self.epoch = self.seq = self.state = None

    def read(self):
        for frame in self.wire:
            if frame["type"] == "snapshot":
                self.state = frame["data"]
            elif frame["type"] != "resumed":
                assert frame["seq"] == self.seq + 1, "a hole, or something twice"
                if frame["type"] == "delta":
                    self.state = apply_patch(self.state, json.loads(frame.text)["data"])
            self.epoch, self.seq = frame["epoch"], frame["seq"]
        self.wire.clear()


class World:
    """A feed, its clients, and what may happen to them."""

    def __init__(self):
        self.feed, self.readers, self.now = FeedState(), [], 0.0
        self.audience = Audience(self.feed)
        self.join(0)

    def reader(self, number):
        return self.readers[number % len(self.readers)]

    def update(self, state):
        self.feed.update(state, self.now)

    def event(self, number):
        self.feed.event("raid", {"n": number}, self.now)

    def burst(self, number):
        for n in range(number * KEPT // 2):
            self.event(n)

    def join(self, _, epoch=None, seq=None, state=None):
        reader = Reader()
        reader.epoch, reader.seq, reader.state = epoch, seq, state
        reader.wire += self.audience.join(reader, epoch, seq, self.now)
        self.readers.append(reader)

    def leave(self, number):
        reader = self.reader(number)
        reader.wire.clear()
        reader.connected = False
        self.audience.leave(reader)

    def resume(self, number):
        gone = self.reader(number)
        if not gone.connected:
            self.join(0, gone.epoch, gone.seq, gone.state)

    def clog(self, number):
        self.reader(number).clogged = True
        self.audience.clog(self.reader(number), self.now)

    def clear(self, number):
        self.reader(number).clogged = False
        self.reader(number).read()
        self.audience.clear(self.reader(number))

    def ask(self, number):
        self.audience.ask(self.reader(number))

    def wait(self, number):
        self.now += 60.0 * number

    def cut(self, _):
        for reader in self.audience.stuck(self.now):
            assert reader.clogged
            reader.wire.clear()
            reader.connected = False

    def serve(self, most):
        """One slice of a round."""
        clients, frames = self.audience.due(self.now, most + 1)
        assert len(clients) <= most + 1
        assert bool(clients) is bool(frames)
        for reader in clients:
            assert reader.connected
            assert not reader.clogged, "nothing is added to what is not read"
            reader.wire += frames
            reader.read()
        return clients

    def settle(self):
        """All is read, and a second passes."""
        self.now += SNAPSHOT_SECONDS
        for number in range(len(self.readers)):
            self.clear(number)
        while self.serve(1):
            pass


numbered = (
    *("event", "burst", "join", "serve", "leave", "resume", "clog", "clear", "ask", "wait", "cut"),
    *("serve", "serve"),
)
steps = st.tuples(st.just("update"), states) | st.tuples(st.sampled_from(numbered), st.integers(0, 3))


@settings(max_examples=300)
@given(st.lists(steps, max_size=60))
def test_every_client_has_the_state_however_things_are_mixed(history):
    world = World()
    for happens, value in history:
        world.now += 0.1
        getattr(world, happens)(value)
    there = [reader for reader in world.readers if reader.connected]
    assert set(world.audience) == set(there)
    assert len(world.audience) == len(there)
    world.settle()
    for reader in there:
        assert (reader.seq, as_bytes(reader.state)) == (world.feed.seq, as_bytes(world.feed.state))


def following(amount=1):
    audience = Audience(FeedState())
    clients = [Follower() for _ in range(amount)]
    for client in clients:
        audience.join(client, None, None, 0.0)
    return audience, clients


def test_all_who_lack_the_same_are_given_it_together():
    audience, clients = following(5)
    assert audience.due(0.0, 3) == ([], [])
    audience.feed.update({"n": 1})
    first, frames = audience.due(0.0, 3)
    assert (first, [frame["data"] for frame in frames]) == (clients[:3], [{"n": 1}])
    audience.feed.update({"n": 2})
    late, frames = audience.due(0.0, 3)
    assert (late, [frame["data"] for frame in frames]) == (clients[3:], [{"n": 1}, {"n": 2}])
    again, frames = audience.due(0.0, 3)
    assert (again, [frame["data"] for frame in frames]) == (clients[:3], [{"n": 2}])
    assert audience.due(0.0, 3) == ([], [])


def test_a_clogged_client_gets_one_snapshot_for_all_it_missed():
    audience, (client,) = following()
    audience.clog(client, 1.0)
    for n in range(5):
        audience.feed.update({"n": n})
        assert audience.due(1.0 + n, 9) == ([], []), "not before all is read"
    assert audience.counts.degraded == 1
    audience.clear(client)
    found, (frame,) = audience.due(7.0, 9)
    assert (found, frame["type"], frame["seq"]) == ([client], "snapshot", audience.feed.seq)
    assert frame["data"] == {"n": 4}
    audience.feed.update({"n": 9})
    _, (frame,) = audience.due(7.1, 9)
    assert (frame["type"], frame["data"]) == ("delta", {"n": 9})


def test_a_client_that_does_not_read_is_stuck_also_while_nothing_happens():
    audience, (first, second, other) = following(3)
    audience.clog(first, 1.0)
    audience.clog(second, 2.0)
    audience.clog(first, 3.0)
    assert audience.stuck(1.0 + STUCK_SECONDS) == []
    assert audience.stuck(1.1 + STUCK_SECONDS) == [first]
    audience.clear(second)
    audience.clear(first)
    assert audience.stuck(99.0) == []
    assert list(audience) == [other, second]


def test_who_asks_again_and_again_gets_a_snapshot_a_second():
    audience, (client,) = following()
    given = 0
    for tick in range(1, 100):
        audience.ask(client)
        given += len(audience.due(tick / 10, 9)[0])
    assert given == 9
    assert audience.counts.degraded == 0


def test_who_asks_and_is_clogged_again_and_again_gets_no_more():
    audience, (client,) = following()
    given = 0
    for tick in range(1, 100):
        audience.ask(client)
        audience.clog(client, tick / 10)
        audience.clear(client)
        given += len(audience.due(tick / 10, 9)[0])
    assert given == 9
    assert len(audience._turns) <= 10, "those of a second"


def test_who_falls_out_of_the_ring_gets_a_snapshot():
    audience, clients = following(40)
    for n in range(KEPT + 1):
        audience.feed.update({"n": n})
    found, (frame,) = audience.due(5.0, 99)
    assert (set(found), frame["type"], audience.counts.degraded) == (set(clients), "snapshot", 40)


def test_who_left_is_given_nothing():
    audience, clients = following(3)
    audience.ask(clients[0])
    audience.clog(clients[1], 0.0)
    audience.feed.update({"n": 1})
    for client in clients:
        audience.leave(client)
        audience.clog(client, 0.0)
        audience.clear(client)
        audience.ask(client)
    assert audience.due(99.0, 9) == ([], [])
    assert (len(audience), list(audience), clients[0] in audience) == (0, [], False)
