"""What a message gives by itself."""

import pytest

from hikari_ml.chat import EmoteSpan
from hikari_ml.models.catalog import bundled_encoder
from hikari_ml.models.entities import EntityFinder
from hikari_ml.sentiment_analysis.signals import Request, SignalReader


@pytest.fixture(scope="module")
def reader():
    return SignalReader(bundled_encoder(), EntityFinder())


def one(reader, text, *marked):
    (signals,) = reader.read([Request(text, marked)])
    return signals


def test_emotes_are_kept_from_the_model(reader):
    with_emotes, without = one(reader, "LUL what a play LUL").reading, one(reader, "what a play").reading
    assert with_emotes.sentiment == without.sentiment
    assert (with_emotes.embedding == without.embedding).all()


@pytest.mark.parametrize("text", ["Kappa Kappa", "😂😂", "annaHype", "777", "  "])
def test_without_words_the_model_has_nothing_to_read(reader, text):
    signals = one(reader, text)
    assert signals.reading is None
    assert not signals.has_words


def test_short_lines_of_a_german_chat_are_german():
    reader = SignalReader(bundled_encoder(), EntityFinder())
    assert one(reader, "des menschen").language == "und"
    reader.read([Request("das ist ein sehr schönes Spiel, finde ich")] * 25)
    signals = one(reader, "des menschen")
    assert signals.language == "de"
    assert "toxicity" not in signals.covered
    assert one(reader, "what a beautiful play that was").language == "en"


def test_marked_emotes_move_along_when_the_text_is_cleaned(reader):
    signals = one(reader, "a  \u200b hikariWave nice", EmoteSpan("hikariWave", 5, 15))
    assert [cue.token for cue in signals.cues] == ["hikariWave"]
    assert signals.words == "a nice"


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("what a play", {"sentiment", "emotion", "toxicity"}),
        ("me gusta mucho este juego de verdad", {"sentiment", "emotion"}),
        ("das ist ein sehr schönes spiel", set()),
        ("この配信は面白い", set()),
        ("это было круто", set()),
        ("gg", {"sentiment", "emotion", "toxicity"}),
    ],
)
def test_only_measured_languages_are_covered(reader, text, covered):
    signals = one(reader, text)
    assert signals.covered == covered
    assert {note.split(":")[0] for note in signals.degraded} == {"sentiment", "emotion", "toxicity"} - covered


def test_a_wall_of_text_is_cut_and_says_so(reader):
    signals = one(reader, "word " * 5000)
    assert "text:truncated" in signals.degraded


def test_entities_lie_where_the_message_has_them(reader):
    text = "hi   there   @anna  lets play  Elden Ring"
    for entity in one(reader, text).entities:
        assert text[entity.start : entity.end] == entity.text


def test_keywords_know_no_emotes_links_or_names(reader):
    assert one(reader, "PogChamp @anna https://x.com the dragon").keywords == ("dragon",)
