"""The vote: gated by evidence, bounded, honest about disagreement."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.config import Settings
from hikari_ml.results import EMOTIONS
from hikari_ml.sentiment_analysis.ensemble import (
    blend_emotions,
    evidence_vote,
    sentiment_label,
    weighted_vote,
)

WEIGHTS = {"bert": 0.5, "vader": 0.3, "emoji": 0.2}
SURE = dict.fromkeys(WEIGHTS, 1.0)
score = st.floats(0, 1)
opinion = st.none() | score
both = pytest.mark.parametrize("vote", [weighted_vote, evidence_vote])


def distribution(values):
    total = sum(values) or 1
    return dict(zip(EMOTIONS, (value / total for value in values), strict=True))


distributions = st.lists(st.floats(0.01, 1), min_size=7, max_size=7).map(distribution)


@given(opinion, opinion, opinion)
def test_the_weighted_outcome_lies_between_the_voters(bert, vader, emoji):
    scores = {"bert": bert, "vader": vader, "emoji": emoji}
    outcome = weighted_vote(scores, WEIGHTS, SURE)
    voting = [value for value in scores.values() if value is not None]
    if not voting:
        assert outcome is None
        return
    assert min(voting) - 1e-9 <= outcome.score <= max(voting) + 1e-9
    assert 0 <= outcome.confidence <= 1
    assert sum(outcome.weights.values()) == pytest.approx(1)
    assert all((outcome.weights[name] == 0) == (scores[name] is None) for name in scores)


@both
@given(score, score)
def test_an_absent_member_changes_nothing(vote, bert, vader):
    without = vote({"bert": bert, "vader": vader}, WEIGHTS, SURE)
    with_absent = vote({"bert": bert, "vader": vader, "emoji": None}, WEIGHTS, SURE)
    assert with_absent.score == pytest.approx(without.score)
    assert with_absent.confidence == pytest.approx(without.confidence)


@both
@given(score, score, score, st.floats(0, 1))
def test_a_member_that_turns_more_positive_never_lowers_the_outcome(vote, bert, vader, emoji, more):
    before = vote({"bert": bert, "vader": vader, "emoji": emoji}, WEIGHTS, SURE).score
    raised = max(bert, more)
    assert vote({"bert": raised, "vader": vader, "emoji": emoji}, WEIGHTS, SURE).score >= before - 1e-9


@both
@given(score, score, score)
def test_the_order_of_members_does_not_matter(vote, bert, vader, emoji):
    one = vote({"bert": bert, "vader": vader, "emoji": emoji}, WEIGHTS, SURE)
    other = vote({"emoji": emoji, "bert": bert, "vader": vader}, WEIGHTS, SURE)
    assert one.score == pytest.approx(other.score)


@both
@given(st.floats(0, 0.4))
def test_confidence_falls_as_members_part(vote, distance):
    together = vote({"bert": 0.5, "vader": 0.5, "emoji": None}, WEIGHTS, SURE).confidence
    apart = vote({"bert": 0.5 - distance, "vader": 0.5 + distance, "emoji": None}, WEIGHTS, SURE).confidence
    assert apart <= together


@both
def test_confidence_is_not_one_members_alone(vote):
    agreed = vote({"bert": 0.9, "vader": 0.9, "emoji": None}, WEIGHTS, SURE).confidence
    split = vote({"bert": 0.9, "vader": 0.1, "emoji": None}, WEIGHTS, SURE).confidence
    assert split < agreed / 2


@given(score, score)
def test_neutral_words_leave_an_emote_its_say(bert, emoji):
    weights = Settings().sentiment.weights.model_dump()
    alone = evidence_vote({"bert": None, "emoji": emoji}, weights, SURE).score
    beside = evidence_vote({"bert": 0.5, "emoji": emoji}, weights, SURE).score
    assert beside == pytest.approx(alone)
    assert abs(weighted_vote({"bert": 0.5, "emoji": emoji}, WEIGHTS, SURE).score - 0.5) <= abs(emoji - 0.5)


@given(st.floats(0.02, 0.98), st.sampled_from(sorted(WEIGHTS)))
def test_who_votes_alone_is_taken_at_their_word(said, member):
    vote = evidence_vote(dict.fromkeys(WEIGHTS) | {member: said}, WEIGHTS, SURE)
    assert vote.score == pytest.approx(said)


@given(opinion, opinion, opinion, st.floats(0.1, 5))
def test_only_the_ratio_of_weights_counts(bert, vader, emoji, factor):
    scores = {"bert": bert, "vader": vader, "emoji": emoji}
    scaled = {name: factor * weight for name, weight in WEIGHTS.items()}
    for vote in (weighted_vote, evidence_vote):
        one, other = vote(scores, WEIGHTS, SURE), vote(scores, scaled, SURE)
        assert (one is None) == (other is None)
        assert one is None or one.score == pytest.approx(other.score)


def test_members_that_agree_are_surer_together():
    one = evidence_vote({"bert": 0.8}, WEIGHTS, SURE).score
    both = evidence_vote({"bert": 0.8, "vader": 0.8}, WEIGHTS, SURE).score
    assert 0.5 < one < both < 1


@given(score, score)
def test_praise_and_blame_are_weighed_alike(bert, emoji):
    said = evidence_vote({"bert": bert, "emoji": emoji}, WEIGHTS, SURE)
    mirrored = evidence_vote({"bert": 1 - bert, "emoji": 1 - emoji}, WEIGHTS, SURE)
    assert said.score == pytest.approx(1 - mirrored.score)
    assert 0 <= said.confidence <= 1


def test_unanimous_certain_members_reach_the_ends():
    assert weighted_vote({"bert": 1.0, "vader": 1.0, "emoji": 1.0}, WEIGHTS, SURE).score == pytest.approx(1)
    assert weighted_vote({"bert": 0.0, "vader": 0.0, "emoji": None}, WEIGHTS, SURE).score == pytest.approx(0)


def test_a_member_without_weight_cannot_vote_alone():
    assert weighted_vote({"bert": None, "vader": 0.9}, {"bert": 1.0, "vader": 0.0}, SURE) is None


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "very_negative"),
        (0.199, "very_negative"),
        (0.2, "negative"),
        (0.399, "negative"),
        (0.4, "neutral"),
        (0.6, "neutral"),
        (0.601, "positive"),
        (0.8, "positive"),
        (0.801, "very_positive"),
        (1, "very_positive"),
    ],
)
def test_labels_cut_where_they_are_published(value, label):
    assert sentiment_label(value) == label


@given(st.none() | distributions, st.none() | distributions, st.floats(0, 1))
def test_blended_emotions_sum_to_one(words, cues, weight):
    blended = blend_emotions(words, cues, weight)
    assert tuple(blended) == EMOTIONS
    assert sum(blended.values()) == pytest.approx(1)


@given(distributions)
def test_one_voice_alone_is_heard_as_it_is(words):
    assert blend_emotions(words, None, 0.9) == words
    assert blend_emotions(None, words, 0.1) == words
