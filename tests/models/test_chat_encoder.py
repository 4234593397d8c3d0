"""The bundled model: whole, offline, the same answer whatever else was asked."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest

from hikari_ml.errors import ModelDamagedError, ModelMissingError
from hikari_ml.models import chat_encoder
from hikari_ml.models.catalog import BUNDLED_PATH, BUNDLED_SHA256, bundled_encoder
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.reading import TASKS
from hikari_ml.results import TOXICITY_LABELS

TEXTS = [
    "gg",
    "I love this so much!",
    "you are such an idiot",
    "what time is it?",
    "ich mag das nicht",
    "😂😂",
    "",
    "x" * 3000,
]


@pytest.fixture(scope="module")
def encoder():
    return bundled_encoder()


def test_the_file_is_the_one_that_was_shipped():
    assert hashlib.sha256(BUNDLED_PATH.read_bytes()).hexdigest() == BUNDLED_SHA256
    assert BUNDLED_PATH.stat().st_size < 35e6
    assert (BUNDLED_PATH.parent / "MODEL_CARD.md").exists()


def test_every_number_is_where_it_should_be(encoder):
    for reading in encoder.read(TEXTS):
        assert 0 <= reading.sentiment <= 1
        assert 1 / 3 <= reading.certainty <= 1
        assert sum(reading.emotion) == pytest.approx(1, abs=1e-5)
        assert all(0 <= score <= 1 for score in (*reading.emotion, *reading.toxicity))
        assert np.linalg.norm(reading.embedding) == pytest.approx(1, abs=1e-4)
        assert reading.embedding.shape == (encoder.dim,)


def test_an_answer_does_not_depend_on_what_else_was_asked(encoder):
    alone = [encoder.read([text])[0] for text in TEXTS]
    for one, other in zip(alone, encoder.read(TEXTS[::-1])[::-1], strict=True):
        assert one.sentiment == other.sentiment
        assert one.toxicity == other.toxicity
        assert np.array_equal(one.embedding, other.embedding)


def test_it_reads_the_plain_cases_right(encoder):
    love, hate, neutral = encoder.read(
        ["I absolutely love this stream", "this is terrible, I hate it", "the match starts at nine"]
    )
    assert love.sentiment > 0.8 > 0.2 > hate.sentiment
    assert 0.3 < neutral.sentiment < 0.7
    insult, clean = encoder.read(["shut up you stupid idiot", "have a nice evening everyone"])
    assert insult.toxicity[0] > 0.7 > 0.2 > clean.toxicity[0]


def test_near_meanings_have_near_embeddings(encoder):
    anime, question, weather = encoder.embed(
        ["Viewer asked about favorite anime", "What anime do you like?", "It rains in Hamburg today"]
    )
    assert anime @ question > 0.4 > anime @ weather


def test_a_text_longer_than_all_windows_says_that_it_was_cut(encoder):
    short, long, longer = encoder.read(["hello", "hello there " * 200, "hello there " * 1000])
    assert [reading.truncated for reading in (short, long, longer)] == [False, False, True]


def test_a_long_text_is_read_to_its_end(encoder):
    start = "we walk along the river and look at the boats and the houses on the other side. " * 12
    calm, hostile = encoder.read([start, f"{start} shut up you stupid idiot, everybody hates you, fuck off"])
    assert calm.toxicity[0] < 0.2
    assert hostile.toxicity[0] > 0.5
    assert np.linalg.norm(hostile.embedding) == pytest.approx(1, abs=1e-3)
    assert sum(hostile.emotion) == pytest.approx(1)


def test_windows_are_of_alike_length_and_leave_nothing_out(encoder):
    words = [f"word{i}" for i in range(300)]
    windows, cut = encoder._form(" ".join(words))
    whole = encoder._tokenizer.encode(" ".join(words)).ids
    assert [token for window in windows for token in window[1:-1]] == whole[1:-1]
    assert {(window[0], window[-1]) for window in windows} == {(whole[0], whole[-1])}
    lengths = [len(window) for window in windows]
    assert max(lengths) <= 128
    assert max(lengths) - min(lengths) <= len(lengths)
    assert not cut
    assert encoder._form("") == ([[whole[0], whole[-1]]], False)


@pytest.mark.parametrize(
    "text",
    [
        "a cat, a hat and 3 mats; " * 900,
        "🐱🎉" * 4000,
        "look https://example.org/" + "x" * 9000 + " now",
        "ま" * 9000,
        "h e l l o, " * 400 + "you are all stupid idiots and I hate you, " * 200,
    ],
)
def test_a_very_long_text_is_read_as_if_it_were_formed_whole(encoder, monkeypatch, text):
    (read,) = encoder.read([text])
    monkeypatch.setattr(chat_encoder, "HEAD", len(text))
    (whole,) = encoder.read([text])
    assert read.embedding.tolist() == whole.embedding.tolist()
    assert (read.emotion, read.toxicity, read.truncated) == (whole.emotion, whole.toxicity, whole.truncated)


def test_no_texts_are_no_readings(encoder):
    assert encoder.read([]) == []
    assert encoder.embed([]).shape == (0, encoder.dim)


def test_its_identity_follows_its_contents(encoder):
    assert encoder.model_id.endswith(BUNDLED_SHA256[:12])
    assert set(encoder.languages) == set(TASKS)


def test_one_copy_serves_the_whole_process(encoder):
    assert bundled_encoder() is encoder


def test_reading_tells_nobody_and_leaves_nothing_at_home(tmp_path):
    code = "from hikari_ml.models.catalog import bundled_encoder; bundled_encoder().read(['hello'])"
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**environment, "HOME": str(tmp_path), "PYTHONPATH": os.getcwd()},
    )
    assert list(tmp_path.rglob("*")) == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelMissingError, match=r"gone\.onnx"):
        ChatEncoder.load(tmp_path / "gone.onnx", sha256=None, threads=1)


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text"])
def test_a_damaged_file_is_refused_with_and_without_a_checksum(damage, tmp_path):
    data = bytearray(BUNDLED_PATH.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 0xFF
    broken = {"flip": bytes(data), "cut": bytes(data[:100_000]), "empty": b"", "text": b"not a model"}[damage]
    path = tmp_path / "chat_encoder.onnx"
    path.write_bytes(broken)
    with pytest.raises(ModelDamagedError, match="SHA-256"):
        ChatEncoder.load(path, sha256=BUNDLED_SHA256, threads=1)
    if damage != "flip":  # without a checksum a flipped bit in a weight cannot be seen
        with pytest.raises(ModelDamagedError, match="no chat encoder"):
            ChatEncoder.load(path, sha256=None, threads=1)


@pytest.mark.parametrize(
    "text", ["what is your favourite weapon?", "haha the physics in Elden Ring", "nice", "kys"]
)
def test_a_threat_is_never_more_than_toxic(encoder, text):
    (reading,) = encoder.read([text])
    found = dict(zip(TOXICITY_LABELS, reading.toxicity, strict=True))
    assert found["threat"] <= found["toxic"]
    assert found["severe_toxic"] <= found["toxic"]


@pytest.mark.parametrize(
    ("disguised", "plain"),
    [
        ("you are such an 1d1ot", "you are such an idiot"),
        ("go d i e you idiot", "go die you idiot"),
        ("I h4te all of these w0men", "I hate all of these women"),
        ("you f\u03c5cking b\u0456tch", "you fucking bitch"),
    ],
)
def test_a_disguise_hides_nothing_and_leaves_the_embedding(encoder, monkeypatch, disguised, plain):
    shown, meant = encoder.read([disguised, plain])
    monkeypatch.setattr(chat_encoder, "undisguised", lambda text, words: text)
    (written,) = encoder.read([disguised])
    toxic = TOXICITY_LABELS.index("toxic")
    assert shown.toxicity[toxic] >= written.toxicity[toxic]
    if "\u03c5" not in disguised:
        assert shown.toxicity[toxic] >= meant.toxicity[toxic] - 1e-6
        assert shown.sentiment == pytest.approx(meant.sentiment, abs=1e-6)
    assert (shown.embedding == written.embedding).all()


def test_innocent_lines_with_numbers_are_read_once(encoder, monkeypatch):
    asked, run = [], encoder._run
    monkeypatch.setattr(encoder, "_run", lambda windows: asked.extend(windows) or run(windows))
    encoder.read(["the rtx3080 runs at 100k in 4k", "gr8 m8 player1 won 5v5", "Scunthorpe is a town"])
    assert len(asked) == 3
