"""What cannot be counted is refused."""

import math

import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.checks import check_analysis, check_number, check_vector, check_whole


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


def test_a_vector_is_one_of_finite_numbers():
    assert check_vector(None) is None
    assert check_vector([1, 2.5]).tolist() == [1.0, 2.5]
    for bad in ([], [[1.0]], [float("nan")], "text", 3.0, [float("inf"), 1.0]):
        with pytest.raises(InputError, match="vector"):
            check_vector(bad)
