"""The table between emotions and an avatar's names: the shipped one is whole, a user's may change it."""

import pytest

from hikari_ml.errors import ConfigError
from hikari_ml.pipeline.face import FEELINGS
from hikari_ml.pipeline.looks import NUMBERS, read_looks
from hikari_ml.results import EMOTIONS


def own(folder, text):
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_table_answers_every_feeling_and_knows_every_emotion():
    looks = read_looks()
    assert set(looks.answers) == set(FEELINGS)
    assert set(looks.looks) == set(EMOTIONS)
    for emotion in EMOTIONS:
        for intensity in (0.0, 0.1, 0.5, 1.0):
            avatar = looks.avatar(emotion, intensity)
            for kind in NUMBERS:
                assert avatar[kind].keys() == looks.avatar("neutral", 0)[kind].keys()


def test_nobody_is_answered_with_anger_or_disgust():
    assert {read_looks().answer(feeling).shows for feeling in FEELINGS} <= {
        "joy", "surprise", "sadness", "neutral",
    }  # fmt: skip


def test_looks_begin_where_they_say_and_numbers_go_smoothly_between_them(tmp_path):
    looks = read_looks(
        own(
            tmp_path,
            """
            [[looks.joy]]
            from = 0.2
            hotkey = "Smile"
            vrm1 = { happy = 0.4 }
            [[looks.joy]]
            from = 0.6
            hotkey = "Laugh"
            live2d = "laugh.exp3.json"
            vrm1 = { happy = 1.0 }
            """,
        )
    )
    assert looks.avatar("joy", 0.1)["hotkey"] is None
    assert looks.avatar("joy", 0.2)["hotkey"] == looks.avatar("joy", 0.59)["hotkey"] == "Smile"
    assert looks.avatar("joy", 0.9)["live2d"] == "laugh.exp3.json"
    happy = [looks.avatar("joy", intensity)["vrm1"]["happy"] for intensity in (0.0, 0.1, 0.2, 0.4, 0.6, 1.0)]
    assert happy == pytest.approx([0.0, 0.2, 0.4, 0.7, 1.0, 1.0])
    assert looks.avatar("joy", 1.0)["vrm1"]["sad"] == 0


def test_what_a_table_leaves_out_is_as_shipped(tmp_path):
    path = own(tmp_path, '[answers]\nanger = { shows = "anger", strength = 0.3, tone = "calm" }\n')
    looks, shipped = read_looks(path), read_looks()
    assert looks.answer("anger").shows == "anger"
    assert looks.answer("joy") == shipped.answer("joy")
    assert looks.looks == shipped.looks


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (
            '[answers]\njoy = { shows = "glee", strength = 1, tone = "calm" }',
            "answers.joy.shows",
            "emotions are",
        ),
        (
            '[answers]\nboredom = { shows = "joy", strength = 1, tone = "calm" }',
            "answers.boredom",
            "toxicity",
        ),
        ("[[looks.joy]]\nfrom = 2", "looks.joy.0.from", "less than or equal to 1"),
        ("[[looks.joy]]\nfrom = 0.1\nsmile = 1", "looks.joy.0.smile", "no such key"),
        ("[[looks.joy]]\nfrom = 0.1\nvts = { MouthSmile = nan }", "looks.joy.0.vts.MouthSmile", "finite"),
        ('[[looks.joy]]\nfrom = 0.1\nlive2d = "smile.png"', "looks.joy.0.live2d", "exp3"),
        (
            "[[looks.joy]]\nfrom = 0.5\n[[looks.joy]]\nfrom = 0.5",
            "expression.table.looks.joy",
            "toml: each look",
        ),
        ("looks = 3", "looks", "dictionary"),
        ("faces = 3", "faces", "no such key"),
        ("[answers", "expression.table", "no TOML"),
    ],
)
def test_a_table_that_cannot_be_used_says_where_and_why(tmp_path, text, key, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read_looks(own(tmp_path, text))
    assert caught.value.path.endswith(key)
    assert caught.value.path.startswith("expression.table")
    assert "mine.toml" in str(caught.value)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml cannot be read"):
        read_looks(tmp_path / "none.toml")
