"""What each method takes, and that it reaches what it names."""

import inspect

import pytest

from hikari_ml import NeuralMemorySystem, StreamAnalyticsEngine
from hikari_ml.bridge.answering import check
from hikari_ml.bridge.methods import METHODS, call, chat_message, params_of
from hikari_ml.bridge.protocol import CallError, Request
from hikari_ml.errors import InputError, UnknownMemoryError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.sentiment_analysis.analyzer import AdvancedSentimentAnalyzer

PROMISED = """
analyze_message store_memory retrieve_memories get_context_summary summarize find_associations
get_memory_stats consolidate forget_memory erase_user process_chat_message record_metric
retract_message get_viewer_insights forecast_metrics detect_content_performance get_real_time_dashboard
perceive
""".split()


def test_every_promised_method_is_there():
    assert sorted(METHODS) == sorted(PROMISED)


def test_parameters_are_called_as_in_python():
    owners = (AdvancedSentimentAnalyzer, NeuralMemorySystem, StreamAnalyticsEngine, Hikari)
    for name, method in METHODS.items():
        python = next(getattr(owner, name, None) for owner in owners if hasattr(owner, name))
        known = set(inspect.signature(python).parameters) - {"self"}
        assert set(method.params.model_fields) <= known, name


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("analyze_message", {"text": "hi"}, "username"),
        ("analyze_message", {"text": "hi", "username": 5}, "username"),
        ("retrieve_memories", {"query": "x", "k": "5"}, "k"),
        ("store_memory", {"content": "x", "embedding": [1.0]}, "embedding"),
        ("perceive", {"message": {"username": "a"}}, "message.text"),
        (
            "perceive",
            {"message": {"username": "a", "text": "b", "emotes": [{"name": "x"}]}},
            "message.emotes",
        ),
        ("record_metric", {"name": "x", "value": None}, "value"),
        ("get_memory_stats", {"deep": True}, "deep"),
        ("health", {"deep": True}, "deep"),
    ],
)
def test_a_wrong_parameter_is_named(method, params, field):
    with pytest.raises(CallError, match=field) as caught:
        check(Request("r", method, params))
    assert caught.value.code == "bad_params"
    assert caught.value.details["field"].startswith(field)


def test_an_unknown_method_is_told_which_there_are():
    with pytest.raises(CallError, match="perceive"):
        params_of(Request("r", "perceiv", {}))


def test_a_message_without_an_id_has_that_of_its_request():
    request = Request("r9", "perceive", {"message": {"username": "a", "text": "Kappa b"}}, "chan")
    message = chat_message(params_of(request).message, request)
    assert (message.id, message.channel, message.emotes) == ("r9", "chan", ())
    said = {"username": "a", "text": "Kappa", "id": "m", "timestamp": "2026-01-10T20:00:00Z"}
    more = {"emotes": [{"name": "Kappa", "start": 0, "end": 5}], "roles": ["moderator"]}
    params = {"message": {**said, **more}}
    message = chat_message(params_of(Request("r", "perceive", params)).message, request)
    assert (message.id, message.roles, message.emotes[0].name) == ("m", ("moderator",), "Kappa")


async def test_calls_reach_a_channel(tmp_path):
    async with Hikari(channel="c", folder=tmp_path) as hikari:

        async def ask(method, request_id="r", again=False, **params):
            return await call(hikari, Request(request_id, method, params, "c"), again=again)

        tea = await ask("store_memory", content="I love tea", metadata={"user": "anna"})
        assert await ask("store_memory", content="I love tea", metadata={"user": "anna"}) == tea
        found = await ask("retrieve_memories", query="tea", user="anna")
        assert [(memory["id"], memory["count"]) for memory in found] == [(tea, 1)]
        insight = await ask("perceive", "p", message={"username": "anna", "text": "I have two cats"})
        assert insight["message_id"] == "p"
        assert (await ask("process_chat_message", "q", username="bo", message="hi"))["username"] == "bo"
        repeated = await ask("process_chat_message", "q", username="bo", message="hi")
        assert repeated["features"]["why_not"] == "repeated id"
        assert (await ask("retract_message", message_id="p"))["counted"] is True
        await ask("record_metric", name="viewer_count", value=5)
        assert (await ask("get_real_time_dashboard"))["current_metrics"]["viewer_count"] == 5
        assert (await ask("get_viewer_insights", username="nobody"))["status"] == "no_data"
        assert (await ask("analyze_message", text="great!", username="anna"))["username"] == "anna"
        assert "tea" in await ask("get_context_summary", topic="tea")
        assert (await ask("summarize", topic="tea"))["method"] == "extractive"
        assert (await ask("find_associations", entity="anna"))[0][0] == "tea"
        assert (await ask("get_memory_stats"))["total"] == 1
        assert (await ask("forecast_metrics", metric_name="chat_rate"))["status"] == "no_data"
        shown = await ask("detect_content_performance", content_id="a", engagement_metrics={"likes": 3.0})
        assert shown["content_id"] == "a"
        assert "examined" in await ask("consolidate")
        await ask("forget_memory", memory_id=tea)
        with pytest.raises(UnknownMemoryError):
            await ask("forget_memory", memory_id=tea)
        assert await ask("forget_memory", again=True, memory_id=tea) is None
        for wrong in ("yesterday", "2026-01-10T20:00:00"):
            with pytest.raises(InputError, match="timestamp"):
                await ask("record_metric", name="x", value=1.0, timestamp=wrong)
        assert (await ask("erase_user", user="anna"))["user"] == "anna"
