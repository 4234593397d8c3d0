"""A channel's own emotes come to mean something, and still do after a restart."""

import asyncio

import pytest

from hikari_ml import AdvancedSentimentAnalyzer, ChatMessage, EmoteSpan, Hikari, Settings
from hikari_ml.errors import ClosedError, StoreLockedError, StoreVersionError
from hikari_ml.results import EmoteMeaning
from hikari_ml.runtime import statefile
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at

KIND = ["what a great play", "I love this so much", "that was awesome", "you are the best", "so happy today"]
UNKIND = ["this is awful", "I hate this boss", "what a terrible run", "that is so bad", "worst game ever"]


def evening(minutes=40):
    """Kind words beside annaHype and unkind ones beside annaRage, by a dozen people."""
    for i in range(minutes):
        for k, (token, said) in enumerate((("annaHype", KIND), ("annaRage", UNKIND))):
            text = f"{said[i % 5]} number {i} {token}"
            yield ChatMessage(f"user{(2 * i + k) % 12}", text, at(i * 60 + k))


async def score(analyzer, text, *emotes):
    found = await analyzer.read(ChatMessage("zoe", text, at(9000), emotes=emotes))
    return found.analysis["sentiment"]


async def test_an_emote_alone_says_what_it_was_used_for():
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as analyzer:
        assert (await score(analyzer, "annaHype"))["members_used"] == []
        await analyzer.analyze_batch(evening())
        hype, rage = await score(analyzer, "annaHype"), await score(analyzer, "annaRage annaRage")
        assert hype["aggregate"]["label"] in ("positive", "very_positive")
        assert rage["aggregate"]["label"] in ("negative", "very_negative")
        assert (hype["members_used"], hype["evidence"]) == (["emoji"], ["annaHype"])
        marked = await score(analyzer, "hi annaHype", EmoteSpan("annaHype", 3, 11))
        assert marked["emoji"]["score"] == hype["emoji"]["score"]
        first, second = sorted(analyzer.emote_meanings(), key=lambda found: found["emote"])
        assert set(first) == set(EmoteMeaning.__annotations__)
        assert (first["emote"], first["emotion"], first["rated"]) == ("annaHype", "joy", None)
        assert first["valence"] > 0.2 > -0.2 > second["valence"]
        assert first["messages"] > 20
        assert analyzer.emote_meanings(1) != []


async def test_learning_can_be_left_out():
    settings = Settings(sentiment={"learn_emotes": False})
    async with AdvancedSentimentAnalyzer(settings, clock=ManualClock(START)) as analyzer:
        await analyzer.analyze_batch(evening())
        assert analyzer.emote_meanings() == []
        assert (await score(analyzer, "annaHype"))["members_used"] == []


async def test_one_at_a_time_and_in_batches_teach_alike():
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as one:
        await one.analyze_batch(evening())
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as other:
        for message in evening():
            await other.read(message)
        assert other.emote_meanings() == one.emote_meanings()


async def test_what_was_learned_outlives_a_restart(tmp_path):
    path = tmp_path / "channel" / "emotes.msgpack"
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START), path=path) as analyzer:
        await analyzer.analyze_batch(evening())
        before = analyzer.emote_meanings()
    assert b"user1" not in path.read_bytes()
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START), path=path) as analyzer:
        assert analyzer.emote_meanings() == before


@pytest.mark.parametrize("damage", [b"\xc1", b"\x81\xa6format\x01", b""])
async def test_a_damaged_file_is_put_aside(tmp_path, damage, caplog):
    path = tmp_path / "emotes.msgpack"
    path.write_bytes(damage)
    async with AdvancedSentimentAnalyzer(path=path) as analyzer:
        assert analyzer.emote_meanings() == []
    assert (tmp_path / "emotes.msgpack.damaged").read_bytes() == damage
    assert "is damaged" in caplog.text


async def test_a_newer_file_is_left_alone(tmp_path):
    path = tmp_path / "emotes.msgpack"
    statefile.save(path, {}, 99)
    kept = path.read_bytes()
    with pytest.raises(StoreVersionError):
        async with AdvancedSentimentAnalyzer(path=path):
            pass
    assert path.read_bytes() == kept


async def test_saving_at_once_saves_the_same(tmp_path):
    path = tmp_path / "emotes.msgpack"
    analyzer = AdvancedSentimentAnalyzer(clock=ManualClock(START), path=path)
    async with analyzer:
        await analyzer.analyze_batch(evening(20))
        await asyncio.gather(*(analyzer.save() for _ in range(5)))
        kept = path.read_bytes()
    assert path.read_bytes() == kept
    assert [found.name for found in tmp_path.iterdir()] == ["emotes.msgpack"]
    with pytest.raises(ClosedError):
        await analyzer.save()


async def test_saving_first_loses_nothing(tmp_path):
    path = tmp_path / "emotes.msgpack"
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START), path=path) as analyzer:
        await analyzer.analyze_batch(evening(20))
    kept = path.read_bytes()
    again = AdvancedSentimentAnalyzer(path=path)
    await again.save()
    assert path.read_bytes() == kept
    await again.aclose()


async def test_a_second_process_on_the_channel_writes_nothing(tmp_path):
    async with Hikari(clock=ManualClock(START), folder=tmp_path) as hikari:
        with pytest.raises(StoreLockedError):
            async with Hikari(clock=ManualClock(START), folder=tmp_path):
                pass
        assert not (tmp_path / "emotes.msgpack").exists()
        await hikari.perceive(ChatMessage("anna", "hi", START))


async def test_bots_teach_nothing():
    async with AdvancedSentimentAnalyzer(clock=ManualClock(START)) as analyzer:
        for i in range(8):
            await analyzer.read(ChatMessage("NightBot", f"I love this so much {i} LUL", at(400 * i)))
        assert analyzer._emotes._kept == {}


async def test_hikari_keeps_them_with_its_channel(tmp_path):
    async with Hikari(clock=ManualClock(START), folder=tmp_path / "anna") as hikari:
        for message in list(evening())[:12]:
            await hikari.perceive(message)
        await hikari.erase_user("user1")
        kept = hikari.analyzer._emotes._kept.values()
        assert all("user1" not in emote.recent for emote in kept)
    found = statefile.load(tmp_path / "anna" / "emotes.msgpack", 1)
    assert set(found["emotes"]) == {"annaHype", "annaRage"}
