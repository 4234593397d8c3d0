"""Deadlines, overload and failures of calls."""

import asyncio
import time

import msgpack
import pytest

from hikari_ml import Hikari
from hikari_ml.bridge import answering
from hikari_ml.bridge.answering import Answering, seconds_left
from hikari_ml.bridge.methods import METHODS, Method, NoParams
from hikari_ml.bridge.protocol import CallError, Request


@pytest.fixture
def calls(monkeypatch):
    """Two methods that count how often they were done, and take what time they are told."""
    done = []

    def method(name, effect):
        async def act(hikari, params, request):
            await asyncio.sleep(done_after)
            done.append(request.id)
            if request.id.startswith("bad"):
                raise RuntimeError("a secret")
            return len(done)

        done_after = 0.2
        return Method(NoParams, effect, act)

    table = {**METHODS, "look": method("look", "none"), "change": method("change", "memory")}
    monkeypatch.setattr("hikari_ml.bridge.methods.METHODS", table)
    return done


@pytest.fixture
def hikari(tmp_path):
    return Hikari(folder=tmp_path)


def soon(milliseconds):
    return int(time.time() * 1000) + milliseconds


async def answered(to, hikari, method, request_id="r", **more):
    again = {name: more.pop(name) for name in ("again", "whole") if name in more}
    return msgpack.unpackb(await to.answer(hikari, Request(request_id, method, {}, **more), **again))


async def test_what_changes_nothing_is_given_up_at_its_deadline(calls, hikari):
    to = Answering(10)
    found = await answered(to, hikari, "look", deadline_ms=soon(50))
    assert found["error"]["code"] == "deadline_exceeded"
    await asyncio.sleep(0.4)
    assert calls == []


async def test_what_changes_something_is_finished_and_answered_when_asked_again(calls, hikari):
    to = Answering(10)
    found = await answered(to, hikari, "change", deadline_ms=soon(50))
    assert "ask again with the same id" in found["error"]["message"]
    assert (await answered(to, hikari, "change"))["result"] == 1
    assert (await answered(to, hikari, "change"))["result"] == 1
    assert (await answered(to, hikari, "change", "other"))["result"] == 2
    assert calls == ["r", "other"]
    assert (await answered(to, hikari, "change", "w", deadline_ms=soon(20), whole=True))["result"] == 3


async def test_an_answer_from_before_is_not_given_for_what_must_be_done_again(calls, hikari):
    to = Answering(10)
    await answered(to, hikari, "change")
    assert (await answered(to, hikari, "change", again=True))["result"] == 2
    await to.finish("default")
    assert (await answered(to, hikari, "change"))["result"] == 3


async def test_what_was_done_is_not_done_again_when_its_answer_is_forgotten(calls, hikari):
    to = Answering(10)
    await answered(to, hikari, "change")
    await answered(to, hikari, "change", "bad")
    going = asyncio.create_task(answered(to, hikari, "change", "going"))
    await asyncio.sleep(0.1)
    to.forget_answers("another", "r")
    assert (await answered(to, hikari, "change"))["result"] == 1
    ended = asyncio.create_task(asyncio.sleep(60))
    ended.cancel()
    await asyncio.wait({ended})
    to._known["default", "cancelled"] = answering._Done(b"", ended)
    to.forget_answers("default", "e")
    assert (await answered(to, hikari, "change"))["error"]["details"] == {"reason": "answer gone"}
    assert (await answered(to, hikari, "look"))["ok"]  # no other method may have its id, but to look is free
    assert (await answered(to, hikari, "change", "bad"))["error"]["code"] == "internal"
    assert calls.count("bad") == 2
    assert (await going)["result"] == (await answered(to, hikari, "change", "going"))["result"]
    assert (await answered(to, hikari, "change", again=True))["ok"]
    to.forget_answers("default", "r")
    assert (await answered(to, hikari, "change"))["ok"]  # an erasure may have to be begun again
    to.forget_answers("default", "e")
    await to.finish("default")
    assert to._known == {}


async def test_as_many_answers_are_kept_as_may_be(calls, hikari, monkeypatch):
    monkeypatch.setattr(answering, "ANSWERS_KEPT", 2)
    to = Answering(10)
    await asyncio.gather(*(answered(to, hikari, "change", f"r{i}") for i in range(4)))
    assert len(to._known) == 4  # none is forgotten before it is finished
    await answered(to, hikari, "change", "last")
    assert len(to._known) == 2


async def test_an_id_is_one_calls(calls, hikari):
    to = Answering(10)
    await answered(to, hikari, "change")
    found = await answered(to, hikari, "store_memory")
    assert found["error"]["code"] == "bad_params"
    other = msgpack.unpackb(await to.answer(hikari, Request("r", "consolidate", {})))
    assert other["error"]["message"] == "id: another call has had it"


async def test_what_failed_for_now_is_tried_again_and_what_cannot_be_done_is_not(calls, hikari):
    to = Answering(10)
    assert (await answered(to, hikari, "change", "bad"))["error"]["code"] == "internal"
    await answered(to, hikari, "change", "bad")
    assert calls == ["bad", "bad"]


async def test_finishing_waits_for_what_is_being_changed(calls, hikari):
    to = Answering(10)
    await answered(to, hikari, "change", deadline_ms=soon(20))
    await to.finish("default")
    assert calls == ["r"]
    assert not to._known


async def test_a_failure_is_told_without_what_it_was(calls, hikari, caplog):
    to = Answering(10)
    found = await answered(to, hikari, "look", "bad")
    assert found["error"] == {
        "code": "internal", "message": "it failed; the worker's log says why", "details": {},
    }  # fmt: skip
    assert "a secret" in caplog.text
    assert to.counters["unknown", "internal"] + to.counters["look", "internal"] == 1


async def test_there_is_room_for_as_many_as_may_be(calls, hikari):
    to = Answering(2)
    waiting = [asyncio.create_task(answered(to, hikari, "look", f"r{i}")) for i in range(2)]
    await asyncio.sleep(0.05)
    assert to.busy == 2
    assert to.overload(2).retry_after_ms >= answering.LEAST_WAIT_MS
    assert to.overload(1) is None
    await asyncio.gather(*waiting)
    assert to.busy == 0


def test_a_deadline_that_has_passed_is_named():
    assert seconds_left(Request("r", "m", {})) is None
    assert 0 < seconds_left(Request("r", "m", {}, deadline_ms=soon(5000))) <= 5
    with pytest.raises(CallError, match="had passed"):
        seconds_left(Request("r", "m", {}, deadline_ms=1))
