"""An emote comes to mean what it is used for, slowly, and nobody teaches alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.results import EMOTIONS
from hikari_ml.text import emotes
from hikari_ml.text.cues import Rating, find_cues
from hikari_ml.text.emotes import HALF_LIFE, MAX_SHIFT, Company, EmoteMeanings

PLEASED = Company(0.8, tuple(float(name == "joy") for name in EMOTIONS))
ANGRY = Company(-0.8, tuple(float(name == "anger") for name in EMOTIONS))
PLAIN = Company(0.0, tuple(float(name == "neutral") for name in EMOTIONS))
KNOWN = {"LUL": Rating(0.6, "joy"), "PogChamp": Rating(0.8, "joy"), "DansGame": Rating(-0.5, "disgust")}


def teach(meanings, token, company, times, *, people=10, begin=0.0, apart=400.0):
    for i in range(times):
        text = f"{token} line {begin} {i} {company.valence}"
        meanings.learn(find_cues(token), company, f"user{i % people}", text, begin + i * apart)


def valence(meanings, token):
    found = meanings.meaning(token)
    return found and found.rating.valence


def test_a_channels_own_emote_means_what_is_said_beside_it():
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "annaHype", PLEASED, 40)
    teach(meanings, "annaRage", ANGRY, 40)
    assert valence(meanings, "annaHype") > 0.4
    assert valence(meanings, "annaRage") < -0.4
    assert meanings.meaning("annaHype").rating.emotion == "joy"
    assert meanings.meaning("annaRage").rating.emotion == "anger"
    (hype, plain) = meanings.rate(find_cues("annaHype ok annaWave"))
    assert (hype.valence > 0.4, hype.emotion, plain.valence) == (True, "joy", None)


def test_what_stands_beside_every_emote_says_nothing_of_one():
    meanings = EmoteMeanings({})
    for token in ("annaHype", "annaWave", "annaLurk"):
        teach(meanings, token, PLEASED, 30)
    assert valence(meanings, "annaHype") == pytest.approx(0, abs=0.01)
    assert meanings.meaning("annaHype").rating.emotion == "neutral"


def test_a_rating_moves_no_further_than_allowed():
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "PogChamp", PLEASED, 300)
    teach(meanings, "DansGame", ANGRY, 300)
    teach(meanings, "LUL", ANGRY, 300)
    assert valence(meanings, "LUL") == pytest.approx(0.6 - MAX_SHIFT)
    assert meanings.meaning("LUL").rating.emotion == "joy"


def test_a_rating_that_its_company_agrees_with_stays():
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "LUL", PLEASED, 300)
    teach(meanings, "PogChamp", PLEASED, 300)
    assert valence(meanings, "LUL") == pytest.approx(0.6, abs=0.1)
    assert valence(meanings, "PogChamp") == pytest.approx(0.8, abs=0.2)


def test_an_emote_of_which_nothing_was_learned_has_no_vote():
    meanings = EmoteMeanings({})
    teach(meanings, "annaHype", PLEASED, 60)
    teach(meanings, "annaWave", PLEASED, 60)
    assert [cue.valence for cue in meanings.rate(find_cues("annaHype"))] == [None]


def test_a_rating_without_lessons_is_the_lexicons():
    meanings = EmoteMeanings(KNOWN)
    cues = tuple(find_cues("LUL 😂 annaHype"))
    assert meanings.rate(cues) == cues
    assert meanings.meaning("LUL").messages == 0
    assert meanings.meaning("annaHype") is None
    assert meanings.meanings(5) == []


@pytest.mark.parametrize(("people", "times"), [(1, 100), (2, 100), (20, 4)])
def test_few_people_or_a_few_lines_teach_no_new_emote(people, times):
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "annaHype", PLEASED, times, people=people)
    assert meanings.meaning("annaHype") is None


def test_one_person_moves_no_rating():
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "PogChamp", PLEASED, 60)
    teach(meanings, "LUL", ANGRY, 60, people=1)
    assert valence(meanings, "LUL") == 0.6


def test_one_person_in_three_streams_is_one_person():
    kept = EmoteMeanings(KNOWN).state()
    for _ in range(3):
        meanings = EmoteMeanings(KNOWN)
        meanings.restore(kept)
        teach(meanings, "LUL", ANGRY, 5, people=1)
        kept = meanings.state()
    assert meanings._kept["LUL"].people == 1


def test_a_message_from_the_future_ends_nothing():
    meanings = EmoteMeanings({})
    teach(meanings, "annaHype", PLEASED, 40)
    teach(meanings, "annaRage", ANGRY, 40)
    before = valence(meanings, "annaRage")
    meanings.learn(find_cues("annaHype"), ANGRY, "bob", "from afar", 2e11)
    assert valence(meanings, "annaHype") > 0.3
    assert valence(meanings, "annaRage") == pytest.approx(before, abs=0.05)


def test_what_nobody_uses_any_more_counts_less():
    meanings = EmoteMeanings({})
    teach(meanings, "annaHype", PLEASED, 40)
    teach(meanings, "annaRage", ANGRY, 200, begin=30 * 86_400.0, apart=86_000.0)
    assert meanings.meaning("annaHype") is None or meanings.meaning("annaHype").messages < 40 / 4


def test_a_wall_of_made_up_words_drives_no_emote_out(monkeypatch):
    monkeypatch.setattr(emotes, "MAX_EMOTES", 20)
    meanings = EmoteMeanings({})
    teach(meanings, "annaHype", PLEASED, 40)
    teach(meanings, "annaRage", ANGRY, 40)
    for i in range(50):
        wall = find_cues(" ".join(f"wall{i}Of{k}" for k in range(30)))
        meanings.learn(wall, PLAIN, "vandal", f"wall {i}", 20_000.0 + 400 * i)
    assert valence(meanings, "annaHype") > 0.3
    assert len(meanings._kept) <= 20


def test_a_pasted_text_and_a_flood_count_once():
    meanings = EmoteMeanings({})
    for i in range(50):
        meanings.learn(find_cues("annaHype"), PLEASED, f"user{i}", "one text", i)
    for i in range(50):
        meanings.learn(find_cues("annaHype"), PLEASED, "flooder", f"text {i}", 100 + i)
    for i in range(200):
        meanings.learn(find_cues("annaHype"), PLEASED, f"raider{i}", f"raid {i}", 150.0)
    meanings.learn(find_cues("annaHype"), PLEASED, "raider0", "once more", 160.0)
    assert meanings._kept["annaHype"].messages == pytest.approx(202, abs=0.1)


def test_what_was_learned_long_ago_gives_way():
    meanings = EmoteMeanings({})
    teach(meanings, "annaWave", PLAIN, 60)
    teach(meanings, "annaTwist", PLEASED, 60)
    before = meanings._kept["annaTwist"].messages
    teach(meanings, "annaTwist", ANGRY, 60, begin=HALF_LIFE, apart=86_000.0)
    assert before == pytest.approx(60, abs=1)
    assert meanings._kept["annaTwist"].messages < 80
    assert valence(meanings, "annaTwist") < 0


def test_the_scale_comes_from_the_rated_emotes():
    mild = {f"Known{i}": Rating(0.9 if i % 2 else -0.9, "joy") for i in range(10)}
    meanings = EmoteMeanings(mild)
    for i in range(10):
        teach(meanings, f"Known{i}", Company(0.3 if i % 2 else -0.3, PLAIN.emotions), 0)
    for i in range(400):
        token, said = f"Known{i % 10}", 0.3 if i % 2 else -0.3
        cue = find_cues("LUL")[0]
        cues = [emotes.replace(cue, token=token)]
        meanings.learn(cues, Company(said, PLAIN.emotions), f"user{i % 37}", f"t{i}", i * 400.0)
    assert 2 < meanings._line.slope < 3.2


def test_it_is_bounded(monkeypatch):
    monkeypatch.setattr(emotes, "MAX_EMOTES", 50)
    meanings = EmoteMeanings({})
    for i in range(200):
        meanings.learn(find_cues(f"annaHype{i}"), PLEASED, f"user{i}", f"text {i}", i)
    assert 40 <= len(meanings._kept) <= 50
    for i in range(1500):
        meanings.learn(find_cues("annaHype"), PLEASED, f"u{i}", f"t {i}", 1000 + i)
    assert len(meanings._kept["annaHype"].recent) == emotes.AGAIN_AFTER < emotes.MAX_RECENT
    assert len(meanings._kept["annaHype"].seen) == emotes.MIN_TEACHERS


def test_it_goes_on_from_its_state_and_the_state_names_nobody():
    one = EmoteMeanings(KNOWN)
    teach(one, "annaHype", PLEASED, 40)
    kept = json.loads(json.dumps(one.state()))
    assert "user1" not in json.dumps(kept)
    other = EmoteMeanings(KNOWN)
    other.restore(kept)
    assert other.meanings(5) == one.meanings(5)


EMPTY = [0, 0, 0, 0, [0] * 7]


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"all": 1, "emotes": {}, "now": 1},
        {"all": EMPTY, "emotes": [], "now": 1},
        {"all": EMPTY, "emotes": {"x": [0, 0, 0, 0, [0] * 3]}, "now": 1},
        {"all": EMPTY, "emotes": {b"x": EMPTY}, "now": 1},
        {"all": EMPTY, "emotes": {"x": [0, -1, 0, 0, [0] * 7]}, "now": 1},
        {"all": EMPTY, "emotes": {"x": [0, 1, 0, 99, [0] * 7]}, "now": 1},
        {"all": [0, float("nan"), 0, 0, [0] * 7], "emotes": {}, "now": 1},
        {"all": [0, 1, 0, float("inf"), [0] * 7], "emotes": {}, "now": 1},
        {"all": EMPTY, "emotes": {}, "now": "soon"},
        {"all": EMPTY, "emotes": {}, "now": float("inf")},
    ],
)
def test_a_strange_state_is_refused_and_changes_nothing(state):
    meanings = EmoteMeanings(KNOWN)
    with pytest.raises(ValueError, match=r"."):
        meanings.restore(state)
    assert meanings.meanings(5) == []


def test_an_erased_viewer_is_not_named_nor_kept_as_an_emote():
    meanings = EmoteMeanings({})
    teach(meanings, "annaHype", PLEASED, 20)
    teach(meanings, "johnDoe", PLEASED, 20)
    meanings.forget_user("user3")
    meanings.forget_user("johndoe")
    assert list(meanings._kept) == ["annaHype"]
    assert all("user3" not in {*kept.recent, *kept.seen} for kept in meanings._kept.values())


def test_a_name_taken_for_an_emote_is_not_written_down():
    meanings = EmoteMeanings(KNOWN)
    teach(meanings, "johnDoe", PLEASED, 2)
    teach(meanings, "LUL", PLEASED, 2)
    assert list(meanings.state()["emotes"]) == ["LUL"]


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 5), st.floats(-1e6, 1e6)), max_size=60),
    st.sampled_from(["LUL", "annaHype"]),
)
def test_valence_stays_in_its_range(said, token):
    meanings = EmoteMeanings(KNOWN)
    for i, (value, user, at) in enumerate(said):
        meanings.learn(find_cues(token), Company(value, PLAIN.emotions), f"user{user}", f"text {i}", at)
    found = valence(meanings, token)
    assert found is None or -1 <= found <= 1
