"""Makes the golden messages: one of every kind on the wire, from a real run on a clock of its own.

    python -m tests.golden.make

Each is written as it goes over the wire (``.msgpack``) and as JSON that says the same (``.json``).
"""

import asyncio
import json
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

import msgpack

from hikari_ml import ChatMessage, Hikari
from hikari_ml.bridge import protocol
from hikari_ml.bridge.answering import Answering, seconds_left
from hikari_ml.bridge.methods import call, params_of
from hikari_ml.bridge.protocol import Request
from hikari_ml.bridge.redis_bridge import RedisBridge
from hikari_ml.chat import Raid, SourceState, StreamState
from hikari_ml.config import FeedSettings
from hikari_ml.dashboard.server import ShownChannel
from hikari_ml.feed.channel import Channel
from hikari_ml.feed.server import PING_SECONDS
from hikari_ml.pipeline.attending import attend
from hikari_ml.platforms.source import ChatSource
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at, busy

FOLDER = Path(__file__).parent
CHANNEL = "hikari"
REPLY_TO = "hikari.replies.golden"
EPOCH = "60d7c0ffee60d7c0"
DEADLINE = round(START.timestamp() * 1000) + 5000
RECORDED = 40
"""Minutes of the recorded metric; enough to forecast from."""

LINES = [
    ("anna", "I love Elden Ring, it is amazing!"),
    ("ben", "my cat Luna is called after the moon"),
    ("mika", "you are such a stupid idiot"),
]

NOTE = {"content": "Ben's cat is called Luna", "memory_type": "fact", "importance": 0.8}
MESSAGE = {
    "username": "ben",
    "text": "Kappa my cat Luna is asleep on the keyboard again",
    "timestamp": at(60).isoformat(),
    "id": "m-100",
    "badges": ["subscriber/12"],
    "emotes": [{"name": "Kappa", "start": 0, "end": 5}],
    "roles": ["subscriber"],
}


def calls(memory_id):
    """Every method of a channel with parameters, in an order that gives each something to answer."""
    note = {**NOTE, "metadata": {"user": "ben"}, "created_at": at(0).isoformat()}
    heard = {
        "username": "anna",
        "message": "what a play",
        "timestamp": at(61).isoformat(),
        "message_id": "m-101",
    }
    return [
        (
            "analyze_message",
            {"text": "I love this stream <3", "username": "anna", "context": {"game": "chess"}},
        ),
        ("store_memory", note),
        ("perceive", {"message": MESSAGE}),
        (
            "retrieve_memories",
            {"query": "Ben's cat", "k": 2, "memory_types": None, "user": "ben", "as_of": None},
        ),
        ("get_context_summary", {"topic": "cat", "max_length": 200}),
        ("summarize", {"topic": "cat", "max_length": 200}),
        ("find_associations", {"entity": "ben", "max_hops": 2}),
        ("get_memory_stats", {}),
        ("consolidate", {}),
        ("process_chat_message", heard),
        ("record_metric", {"name": "viewer_count", "value": 120.0, "timestamp": at(62).isoformat()}),
        ("get_viewer_insights", {"username": "ben"}),
        ("forecast_metrics", {"metric_name": "followers", "periods": 2, "freq": "min"}),
        (
            "detect_content_performance",
            {"content_id": "clip-1", "engagement_metrics": {"views": 1200.0, "likes": 80.0}},
        ),
        ("get_real_time_dashboard", {}),
        ("forget_memory", {"memory_id": memory_id}),
        ("retract_message", {"message_id": "m-100"}),
        ("erase_user", {"user": "anna"}),
    ]


NOBODY = [
    ("get_viewer_insights", {"username": "nobody"}),
    ("forecast_metrics", {"metric_name": "nothing", "periods": 2, "freq": "h"}),
]
"""Answers of another form: nothing is known."""


async def messages():
    """Every golden message, as bytes by name."""
    made = {}
    with TemporaryDirectory() as folder:
        clock = ManualClock(START)
        async with Hikari(channel=CHANNEL, clock=clock, folder=Path(folder)) as hikari:
            events = hikari.events()
            made |= await feed(hikari, clock)
            made |= await answers(hikari, clock)
            made |= await excite(hikari, clock)
        made |= await kinds(events)
        made |= await refusals(hikari)
    return dict(sorted(made.items()))


async def feed(hikari, clock):
    """The frames of the feed while three lines are said, and what a client says."""
    async with ShownChannel(hikari, lambda kind, data, _: served.publish(kind, data)) as shown:
        welcome = {"heartbeat_ms": round(PING_SECONDS * 1000)}
        interval = FeedSettings().interval_seconds
        served = Channel(CHANNEL, shown.state.snapshot, interval=interval, welcome=welcome)
        served.feed.epoch = EPOCH
        await shown.forecast_viewers()
        for i, (username, text) in enumerate(LINES):
            snapshot = served.feed.snapshot()
            clock.advance_to(at(10 * i))
            await hikari.perceive(ChatMessage(username, text, clock.now(), id=f"m-{i}", channel=CHANNEL))
            while len(shown.state.memories) <= i:
                await asyncio.sleep(0)
            served.feed.update(await shown.state.snapshot())
    resumed, happened, delta = served.feed.open(EPOCH, snapshot["seq"])
    (lost,) = served.feed.open("another", 7)
    frames = {
        "hello": {"type": "hello"},
        "hello_again": {
            "type": "hello",
            "channel": CHANNEL,
            "token": "a token of its own",
            "epoch": EPOCH,
            "seq": snapshot["seq"],
        },
        "ask": {"type": "snapshot"},
        "snapshot": snapshot,
        "snapshot_not_recovered": lost,
        "resumed": resumed,
        "event": happened,
        "delta": delta,
    }
    return {f"feed/{name}": msgpack.packb(frame) for name, frame in frames.items()}


async def answers(hikari, clock):
    """A call of every method, and what came of it."""
    made = {}
    memory_id = await hikari.memory.store_memory("Ben plays chess on Sundays", "fact", {"user": "ben"})
    clock.advance_to(at(62))
    for minute in range(2 - RECORDED, 2):
        await hikari.analytics.record_metric("followers", 500.0 + minute, at(60 * minute))
    for method, params in calls(memory_id):
        made |= await answered(hikari, method, params)
    for method, params in NOBODY:
        found = await answered(hikari, method, params)
        made[f"reply/{method}_no_data"] = found[f"reply/{method}"]
    told = {**RedisBridge("redis://localhost").health(), "worker": "studio:1:60d7c0ff", "channels": [CHANNEL]}
    told |= {"status": "ok", "uptime_seconds": 62.5, "degraded": []}
    asked = request("health", {})
    made |= {"request/health": protocol.encode_request(asked), "reply/health": protocol.reply(asked.id, told)}
    return made


async def answered(hikari, method, params):
    asked = request(method, params)
    result = await call(hikari, asked)
    return {
        f"request/{method}": protocol.encode_request(asked),
        f"reply/{method}": protocol.reply(asked.id, result),
    }


def request(method, params):
    return Request(f"golden-{method}", method, params, CHANNEL, REPLY_TO, DEADLINE)


async def excite(hikari, clock):
    """An unusual metric, and a highlight after a calm chat; joy about it, so that both are told."""
    for i in range(400):
        clock.advance_to(at(100 + i * 60))
        await hikari.analytics.record_metric("viewer_count", 100 + i % 7, clock.now())
    clock.advance(60)
    await hikari.analytics.record_metric("viewer_count", 900, clock.now())
    begin = (clock.now() - START).total_seconds() + 60
    await busy(hikari.analytics, clock, 12, begin)
    for i in range(150):
        clock.advance_to(at(begin + 720 + i / 5))
        await hikari.analytics.process_chat_message(f"fan{i % 40}", "WHAT A CLUTCH", clock.now())
    await attend(hikari, Told(clock.now()))
    for i in range(12):
        clock.advance(0.5)
        said = ChatMessage(f"fan{i}", "I love this so much!", clock.now(), id=f"m-{200 + i}", channel=CHANNEL)
        await hikari.perceive(said)
    found = await answered(hikari, "get_real_time_dashboard", {})
    return {"reply/get_real_time_dashboard_busy": found["reply/get_real_time_dashboard"]}


class Told(ChatSource):
    """A source that tells of what is no message."""

    def __init__(self, now):
        super().__init__("told:golden", CHANNEL)
        self._now = now

    async def _run(self):
        self.tell(SourceState(self._now, "gap", "the connection was lost for 12 s", channel=CHANNEL))
        self.tell(StreamState(self._now, True, "Elden Ring, no hits", "Elden Ring", channel=CHANNEL))
        self.tell(Raid(self._now, "mika", 42, channel=CHANNEL))


async def kinds(events):
    """The last event of each type."""
    made = {}
    seq = 0
    async for event in events:
        seq += 1
        packed = protocol.event(event["type"], event["at"], event["data"], seq=seq, epoch=EPOCH)
        made[f"event/{event['type']}"] = packed
    return made


async def refusals(closed):
    """An error of every code, as what went wrong makes it."""
    good = msgpack.unpackb(protocol.encode_request(request("health", {})))
    ways = {
        "bad_request": lambda: protocol.decode(msgpack.packb({**good, "params": "none"})),
        "unsupported_version": lambda: protocol.decode(msgpack.packb({**good, "v": 2})),
        "unknown_method": lambda: params_of(request("sing", {})),
        "bad_params": lambda: params_of(request("summarize", {"topic": 7})),
        "deadline_exceeded": lambda: seconds_left(request("health", {})),
        "overloaded": lambda: raised(Answering(0).overload(0)),
        "internal": lambda: 1 // 0,
    }
    made = {}
    for code, fail in ways.items():
        try:
            fail()
        except Exception as error:
            made[f"error/{code}"] = protocol.refusal(f"golden-{code}", error)
    try:
        await call(closed, request("perceive", {"message": MESSAGE}))
    except Exception as error:
        made["error/unavailable"] = protocol.refusal("golden-unavailable", error)
    return made


def raised(error):
    raise error


def twin(data):
    """The JSON of a message, to be read by people and other languages."""
    shown = json.dumps(msgpack.unpackb(data), ensure_ascii=False, indent=1, allow_nan=False)
    return shown + "\n"


def main():
    """Write them all."""
    logging.disable()
    made = asyncio.run(messages())
    for old in [*FOLDER.glob("*/*.msgpack"), *FOLDER.glob("*/*.json")]:
        old.unlink()
    for name, data in made.items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.with_suffix(".msgpack").write_bytes(data)
        path.with_suffix(".json").write_text(twin(data), encoding="utf-8")


if __name__ == "__main__":
    main()
