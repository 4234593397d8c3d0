"""What cannot be counted is refused."""

import math
from pathlib import Path

import pytest

from hikari_ml import AdvancedSentimentAnalyzer, Settings
from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.checks import (
    check_analysis,
    check_file,
    check_number,
    check_vector,
    check_whole,
)
from tests.models import tiny
from tests.support import LINES

ODD_LINES = (
    *("", "  ", "\0", "\ud83d", "PogChamp", "\U0001f600" * 3, "kys idiot", "1234", "dragons " * 999),
    "\u79c1\u306f\u732b\u304c\u597d\u304d",  # a language the model was not measured on
)


def analysis():
    return {
        "sentiment": {"aggregate": {"score": 1}, "members_used": ["bert"]},
        "emotion": {"primary": "joy"},
        "toxicity": {"overall": 0.25, "is_toxic": False},
        "keywords": ["dragon"],
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, "3", None, True, 10**400])
def test_what_is_no_finite_number_is_refused(value):
    with pytest.raises(InputError):
        check_number(value, "value")


def test_a_number_is_a_float():
    assert check_number(3, "value") == 3.0


@pytest.mark.parametrize("value", ["3", 2.0, True, None, 0, 11, math.nan])
def test_what_is_no_whole_number_between_is_refused(value):
    with pytest.raises(InputError, match="from 1 to 10") as caught:
        check_whole(value, "epochs", 1, 10)
    assert caught.value.field == "epochs"


def test_a_whole_number_between_is_taken():
    assert [check_whole(n, "epochs", 1, 10) for n in (1, 10)] == [1, 10]


@pytest.mark.parametrize(
    "value",
    [{}, {"keywords": []}, "analysis", {"keywords": [], "sentiment": {}, "emotion": {}, "toxicity": {}}],
)
def test_what_is_no_analysis_is_refused(value):
    with pytest.raises(InputError):
        check_analysis(value)


def test_none_is_no_analysis_and_allowed():
    check_analysis(None)


NO_SHARES = [None, "0.3", True, math.nan, math.inf, -0.1, 50.0]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("toxicity.overall", NO_SHARES),
        ("toxicity.is_toxic", [None, "false", 3, 0]),
        ("sentiment.members_used", [None, 3, "bert"]),
        ("sentiment.aggregate", [None, 0.5, {}]),
        ("sentiment.aggregate.score", NO_SHARES),
        ("emotion.primary", [None, "zzz", ["joy"]]),
        ("keywords", [None, "dragon", [1], [None], ["dragon", ["a"]]]),
    ],
)
def test_a_wrong_value_of_an_analysis_is_named(field, values):
    for value in values:
        wrong = analysis()
        *path, last = field.split(".")
        part = wrong
        for name in path:
            part = part[name]
        part[last] = value
        with pytest.raises(InputError) as caught:
            check_analysis(wrong)
        assert caught.value.field == f"analysis.{field}"


def test_without_a_member_mood_and_emotion_may_be_unknown():
    silent = analysis() | {"emotion": {"primary": None}}
    silent["sentiment"] = {"aggregate": {"score": None}, "members_used": []}
    check_analysis(silent)


@pytest.mark.parametrize("weights", [{}, {"bert": 0.0, "vader": 0.0, "emoji": 1.0}])
@pytest.mark.parametrize("own", [False, True])
async def test_whatever_the_analyser_says_is_an_analysis(tmp_path, weights, own):
    settings = Settings(sentiment={"weights": weights})
    models = {"toxicity": str(tiny.bert_classifier(tmp_path, {0: "toxic", 1: "insult"}))} if own else None
    async with AdvancedSentimentAnalyzer(settings, models=models) as analyzer:
        for line in (*ODD_LINES, *LINES):
            check_analysis(await analyzer.analyze_message(line, "anna"))


@pytest.mark.parametrize("path", [None, 3, b"a", "", "/", "..", "a\0b", "\ud800"])
def test_what_is_no_path_of_a_file_is_refused(path):
    with pytest.raises(InputError) as caught:
        check_file(path)
    assert caught.value.field == "path"


def test_a_path_of_a_file_need_not_exist():
    assert check_file("a/b.csv") == check_file(Path("a/b.csv")) == Path("a/b.csv")


def test_a_vector_is_one_of_finite_numbers():
    assert check_vector(None) is None
    assert check_vector([1, 2.5]).tolist() == [1.0, 2.5]
    for bad in ([], [[1.0]], [float("nan")], "text", 3.0, [float("inf"), 1.0]):
        with pytest.raises(InputError, match="vector"):
            check_vector(bad)
