"""AdvancedSentimentAnalyzer: the whole result, for whoever sends whatever."""

import asyncio
import json

import msgpack
import pytest

from hikari_ml import AdvancedSentimentAnalyzer, ChatMessage, EmoteSpan, Settings
from hikari_ml.errors import InputError, ModelError
from hikari_ml.results import EMOTIONS, TOXICITY_LABELS, MessageAnalysis
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at, collected

ODD = [
    "",
    "   ",
    "x" * 10_000,
    "😂😂😂",
    "🏳️‍🌈",
    "\u200b\u200b",
    "a\ud800b",
    "\ud83d",
    "привет hello こんにちは مرحبا",
    "\u202eevil\u202c",
    "LUL",
    "777",
    "?!?!",
    "<script>alert(1)</script>",
    "\x00\x01",
    "a" * 500 + "😀" * 500,
    "ﷺ" * 100,
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
    "\n\n\n",
    "🔥 " * 300,
    "ｆｕｌｌｗｉｄｔｈ",
    "@anna",
    "https://example.com",
]


@pytest.fixture
async def analyzer():
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as found:
        yield found


def check_shape(result):
    assert set(result) == set(MessageAnalysis.__annotations__)
    assert set(result["emotion"]["scores"]) == set(EMOTIONS)
    assert set(result["toxicity"]["categories"]) == set(TOXICITY_LABELS)
    assert 0 <= result["sentiment"]["aggregate"]["score"] <= 1
    assert 0 <= result["sentiment"]["aggregate"]["confidence"] <= 1
    assert sum(result["sentiment"]["weights"].values()) == pytest.approx(1)
    for name, weight in result["sentiment"]["weights"].items():
        assert (result["sentiment"][name]["score"] is None) == (weight == 0)
    assert result["toxicity"]["overall"] == max(result["toxicity"]["categories"].values())
    assert sum(result["emotion"]["scores"].values()) == pytest.approx(1, abs=1e-4)
    json.dumps(result, allow_nan=False)
    assert msgpack.unpackb(msgpack.packb(result)) == json.loads(json.dumps(result))


async def test_the_seeds_own_example(analyzer):
    result = await analyzer.analyze_message(
        text="This stream is absolutely amazing! 🔥",
        username="viewer123",
        context={"stream_game": "Minecraft"},
    )
    check_shape(result)
    assert result["sentiment"]["aggregate"]["label"] == "very_positive"
    assert result["sentiment"]["aggregate"]["score"] > 0.9
    assert result["emotion"]["primary"] == "joy"
    assert result["response_recommendation"]["tone"] == "enthusiastic"
    assert result["response_recommendation"]["priority"] == "high"
    assert result["conversation_context"]["given"] == {"stream_game": "Minecraft"}
    assert result["username"] == "viewer123"
    assert result["timestamp"] == "2026-01-10T20:00:00.000Z"


@pytest.mark.parametrize("text", ODD)
async def test_any_text_has_a_whole_answer(analyzer, text):
    check_shape(await analyzer.analyze_message(text, "anna"))


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "777", "?!"])
async def test_a_text_that_says_nothing_is_neutral_without_confidence(analyzer, text):
    result = await analyzer.analyze_message(text, "anna")
    assert result["sentiment"]["aggregate"] == {"score": 0.5, "label": "neutral", "confidence": 0.0}
    assert result["sentiment"]["members_used"] == []
    assert result["emotion"]["primary"] == "neutral"
    assert result["toxicity"]["overall"] == 0


@pytest.mark.parametrize("wrong", [None, 5, b"bytes", ["list"]])
async def test_what_is_no_text_is_refused(analyzer, wrong):
    with pytest.raises(InputError, match="text"):
        await analyzer.analyze_message(wrong, "anna")
    with pytest.raises(InputError, match="username"):
        await analyzer.analyze_message("hi", wrong)


@pytest.mark.parametrize("context", [["list"], {"game": object()}, {5: "x"}, {"game": {"nested": 1}}])
async def test_context_is_plain_data(analyzer, context):
    with pytest.raises(InputError, match="context"):
        await analyzer.analyze_message("hi", "anna", context)


async def test_a_very_hostile_text_reaches_the_bottom_and_an_ecstatic_one_the_top(analyzer):
    hostile = await analyzer.analyze_message(
        "I hate this terrible awful stupid stream, it is the worst", "anna"
    )
    ecstatic = await analyzer.analyze_message(
        "I love love love this, best stream ever, absolutely amazing!!!", "anna"
    )
    assert hostile["sentiment"]["aggregate"]["label"] == "very_negative"
    assert ecstatic["sentiment"]["aggregate"]["score"] > 0.9


async def test_without_emoji_the_emoji_member_has_no_say(analyzer):
    result = await analyzer.analyze_message("what a wonderful day", "anna")
    assert result["sentiment"]["emoji"]["score"] is None
    assert result["sentiment"]["weights"]["emoji"] == 0


async def test_hearts_with_and_without_selector_are_alike(analyzer):
    scores = {
        (await analyzer.analyze_message(heart, "anna"))["sentiment"]["aggregate"]["score"]
        for heart in ("❤", "❤️", "❤️❤️")
    }
    assert len(scores) == 1


async def test_marked_emotes_are_not_read_as_words(analyzer):
    message = ChatMessage(
        "anna",
        "hikariRage hikariRage",
        at(0),
        emotes=[EmoteSpan("hikariRage", 0, 10), EmoteSpan("hikariRage", 11, 21)],
    )
    (result,) = await analyzer.analyze_batch([message])
    assert result["sentiment"]["members_used"] == []


async def test_200_callers_at_once_each_get_their_own_text_back(analyzer):
    texts = [f"message number {i} is {'great' if i % 2 else 'awful'}" for i in range(200)]
    results = await asyncio.gather(
        *(analyzer.analyze_message(text, f"user{i}") for i, text in enumerate(texts))
    )
    assert [result["text"] for result in results] == texts
    assert [result["username"] for result in results] == [f"user{i}" for i in range(200)]


async def test_a_message_that_cannot_be_read_fails_alone(analyzer, monkeypatch):
    await analyzer.analyze_message("warm up", "anna")
    signals = analyzer._lane._work.args[0]
    read = signals.read

    def picky(requests):
        if any(request.text == "poison" for request in requests):
            raise RuntimeError("cannot be read")
        return read(requests)

    monkeypatch.setattr(signals, "read", picky)
    texts = ["good one", "poison", "good two"]
    results = await asyncio.gather(
        *(analyzer.analyze_message(t, "anna") for t in texts), return_exceptions=True
    )
    assert [result["text"] for result in results[0::2]] == ["good one", "good two"]
    assert str(results[1]) == "cannot be read"


async def test_the_loop_keeps_ticking_under_load(analyzer):
    ticks = 0

    async def heartbeat():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    beating = asyncio.create_task(heartbeat())
    await asyncio.gather(
        *(analyzer.analyze_message(f"another different line {i}", "anna") for i in range(150))
    )
    beating.cancel()
    assert ticks > 20


async def test_the_same_text_of_two_users_makes_two_histories(analyzer):
    one = await analyzer.analyze_message("this is great", "anna")
    other = await analyzer.analyze_message("this is great", "ben")
    assert (one["username"], other["username"]) == ("anna", "ben")
    assert one["sentiment"] == other["sentiment"]
    assert analyzer.user_trend("anna")["messages"] == analyzer.user_trend("ben")["messages"] == 1


async def test_a_text_known_already_still_extends_the_trend(analyzer):
    for _ in range(5):
        result = await analyzer.analyze_message("this is great", "anna")
    assert result["user_sentiment_trend"]["messages"] == 5
    assert analyzer.global_trend()["messages"] == 5


async def test_one_message_is_no_trend_and_no_habit(analyzer):
    result = await analyzer.analyze_message("hello there", "newcomer")
    assert result["user_sentiment_trend"]["trend"] == "insufficient_data"
    assert not [reason for reason in result["response_recommendation"]["reasons"] if "frequen" in reason]


async def test_the_window_is_kept():
    clock = ManualClock(START)
    async with AdvancedSentimentAnalyzer(Settings(sentiment={"window_minutes": 5}), clock=clock) as analyzer:
        for _ in range(4):
            await analyzer.analyze_message("great stuff", "anna")
        clock.advance(301)
        assert analyzer.user_trend("anna")["messages"] == 0
        assert (await analyzer.analyze_message("great stuff", "anna"))["user_sentiment_trend"][
            "messages"
        ] == 1


async def test_asking_about_strangers_does_not_grow_anything():
    async with AdvancedSentimentAnalyzer(
        Settings(sentiment={"max_users": 2}), clock=ManualClock(START)
    ) as analyzer:
        for i in range(100):
            analyzer.user_trend(f"stranger{i}")
        assert analyzer._history.users == 0
        for i in range(5):
            await analyzer.analyze_message("great", f"user{i}")
        assert analyzer._history.users == 2


async def test_an_uncovered_language_has_the_same_keys_and_says_so(analyzer):
    result = await analyzer.analyze_message("この配信は面白い", "anna")
    check_shape(result)
    assert result["language"] == "ja"
    assert result["degraded"] == ["sentiment:ja", "emotion:ja", "toxicity:ja"]
    assert result["sentiment"]["aggregate"]["confidence"] == 0
    assert not result["toxicity"]["is_toxic"]


async def test_emoji_speak_in_every_language(analyzer):
    result = await analyzer.analyze_message("この配信は面白い 😂", "anna")
    assert result["sentiment"]["members_used"] == ["emoji"]
    assert result["emotion"]["primary"] == "joy"


async def test_a_batch_gives_what_single_calls_give(analyzer):
    texts = ["what a play", "you are an idiot", "LUL", "", "what a play", "ich mag das sehr gerne"]
    messages = [ChatMessage("anna", text, at(i)) for i, text in enumerate(texts)]
    batch = await analyzer.analyze_batch(messages)
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as other:
        single = [(await other.read(message)).analysis for message in messages]
    assert batch == single


async def test_a_batch_refuses_what_is_no_message(analyzer):
    with pytest.raises(InputError, match="ChatMessage"):
        await analyzer.analyze_batch([ChatMessage("anna", "hi", at(0)), "hi"])
    assert analyzer.user_trend("anna")["messages"] == 0, "nothing of a refused batch is counted"


async def test_a_conversation_is_noticed(analyzer):
    await analyzer.analyze_message("which weapon is best against the dragon boss?", "anna")
    result = await analyzer.analyze_message("the best weapon against the dragon boss is the spear", "ben")
    assert result["conversation_context"]["is_continuation"]
    assert result["conversation_context"]["continues"].startswith("which weapon")


async def test_other_weights_are_other_votes():
    settings = Settings(sentiment={"weights": {"bert": 0.0, "vader": 0.0, "emoji": 1.0}})
    async with AdvancedSentimentAnalyzer(settings) as analyzer:
        result = await analyzer.analyze_message("I hate everything about this 😂", "anna")
    assert result["sentiment"]["aggregate"]["label"] == "very_positive"
    assert result["sentiment"]["members_used"] == ["emoji"]


async def test_an_emote_beside_neutral_words_is_heard_and_the_plain_mean_can_be_had():
    line = "he is at the second boss now PogChamp"
    seed = Settings(sentiment={"vote": "weighted", "weights": {"bert": 0.5, "vader": 0.3, "emoji": 0.2}})
    async with AdvancedSentimentAnalyzer() as ours, AdvancedSentimentAnalyzer(seed) as plain:
        heard = (await ours.analyze_message(line, "anna"))["sentiment"]
        averaged = (await plain.analyze_message(line, "anna"))["sentiment"]
    assert heard["aggregate"]["score"] > averaged["aggregate"]["score"]
    assert averaged["weights"]["bert"] == pytest.approx(0.5 / 0.7)


async def test_forgetting_a_user(analyzer):
    await analyzer.analyze_message("great", "anna")
    assert analyzer.forget_user("anna") == 2
    assert analyzer.user_trend("anna")["messages"] == 0


@pytest.mark.usefixtures("little_to_collect")
async def test_it_works_bare_and_a_leak_is_warned_about():
    analyzer = AdvancedSentimentAnalyzer()
    assert (await analyzer.analyze_message("hi", "anna"))["text"] == "hi"
    with pytest.warns(ResourceWarning, match="AdvancedSentimentAnalyzer"):
        del analyzer
        await collected()


def test_unknown_models_are_refused_at_once():
    with pytest.raises(InputError, match="models"):
        AdvancedSentimentAnalyzer(models="gpt")


async def test_reference_models_that_are_not_there_are_a_named_error():
    analyzer = AdvancedSentimentAnalyzer(models="reference")
    with pytest.raises(ModelError, match="nlptown"):
        await analyzer.analyze_message("hi", "anna")


async def test_a_swear_word_that_attacks_nobody_is_not_toxic(analyzer):
    for text in ("damnit", "damn im so hungry right now", "oh damn! you have the machine"):
        toxicity = (await analyzer.analyze_message(text, "anna"))["toxicity"]
        assert toxicity["overall"] == max(toxicity["categories"].values())
        assert not toxicity["is_toxic"]
    attack = (await analyzer.analyze_message("shut up you stupid idiot", "ben"))["toxicity"]
    assert attack["is_toxic"]


async def test_a_batch_may_come_from_a_generator(analyzer):
    found = await analyzer.analyze_batch(ChatMessage("anna", f"number {i}", at(i)) for i in range(3))
    assert [analysis["text"] for analysis in found] == ["number 0", "number 1", "number 2"]


@pytest.mark.parametrize("text", ["i hope you die", "go die", "die you idiot"])
async def test_short_english_threats_are_not_german(analyzer, text):
    found = await analyzer.analyze_message(text, "anna")
    assert found["language"] == "en"
    assert found["degraded"] == []
