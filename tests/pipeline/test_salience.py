"""What is worth remembering, and why."""

import pytest

from hikari_ml.pipeline.salience import AROUSAL, arousal, salience


def weigh(
    text,
    emotion="neutral",
    confidence=0.5,
    toxic=False,
    insult=0.95,
    entities=(),
    streamer="hikari",
    about=None,
    **features,
):
    analysis = {
        "text": text,
        "emotion": {"primary": emotion, "confidence": confidence},
        "toxicity": {
            "overall": 0.95 if toxic else 0.0,
            "is_toxic": toxic,
            "categories": {"insult": insult if toxic else 0.0, "threat": 0.0, "identity_hate": 0.0},
        },
        "entities": [{"text": name, "start": text.find(name)} for name in entities],
    }
    return salience(analysis, {"features": features}, streamer, about)


@pytest.mark.parametrize(
    "text", ["lol", "gg wp", "!uptime please now", "", "777 777 777 777", "LUL LUL LUL LUL"[:7]]
)
def test_what_nobody_needs_next_week(text):
    assert not weigh(text).worth


def test_what_people_say_of_themselves():
    found = weigh("I love Elden Ring")
    assert found.worth
    assert found.type == "fact"
    assert found.reasons == ("says of themselves: likes Elden Ring",)


def test_a_repetition_is_not_remembered():
    assert not weigh("I love Elden Ring", repeats=1).worth


def test_questions_feelings_and_first_messages_add_up():
    plain = weigh("how does this game end for you")
    asked = weigh("how does this game end for you?", question=True)
    felt = weigh("how does this game end for you?", "surprise", 0.9, question=True, newcomer=True)
    assert plain.importance < asked.importance < felt.importance
    assert felt.worth
    assert felt.type == "question"


def test_emotes_are_no_things_people_love():
    assert weigh("I love meat KappaPride").reasons[0] == "says of themselves: likes meat"


def test_a_link_is_worth_less():
    assert (
        weigh("I love this song https://x.com", links=1).importance
        < weigh("I love this song so much").importance
    )


@pytest.mark.parametrize("text", ["@hikarissima what is that?", "@hikari_2 what is that?"])
def test_speaking_to_whose_name_begins_like_the_streamers_does_not(text):
    assert "speaks to the streamer" not in weigh(text, question=True).reasons


def test_what_an_emoji_stood_for_is_no_thing_people_love():
    assert not any("likes" in reason for reason in weigh("I love my \U0001f436 so much, he is great").reasons)


def test_speaking_to_the_streamer_counts():
    assert weigh("@Hikari your voice is nice").importance > weigh("@anna your voice is nice").importance


def test_an_incident_is_kept_as_one():
    found = weigh("you are an awful person and I hate you so much", "anger", 0.9, toxic=True)
    assert found.type == "incident"
    assert "toxic" in found.reasons


def test_swearing_is_no_incident():
    found = weigh("why the fuck is this boss so hard today", "anger", 0.9, toxic=True, insult=0.2)
    assert found.type == "interaction"
    assert "toxic" not in found.reasons


def test_being_answered_is_not_being_named():
    assert weigh("@anna that was really good", entities=["anna"]).reasons == ()
    assert weigh("that was anna and it was good", entities=["anna"]).reasons == ("names anna",)


@pytest.mark.parametrize(
    "text", ["I love cats and I hate dogs and I live in Rome and my name is Bob", "x " * 500]
)
def test_importance_is_a_share(text):
    found = weigh(text, "joy", 1.0, toxic=True, entities=["A"], question=True, newcomer=True)
    assert 0 <= found.importance <= 1


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("I just got engaged!!", "is engaged"),
        ("moving to Berlin next month", "moves to Berlin"),
        ("I moved to Berlin", "lives in Berlin"),
        ("I got a new cat", "has new cat"),
        ("i quit my job", "left job"),
        ("I don't live in Berlin anymore", "no longer lives in Berlin"),
        ("I no longer work at Google", "no longer works at Google"),
    ],
)
def test_what_changes_in_a_life_is_kept(text, fact):
    found = weigh(text)
    assert found.worth
    assert found.reasons == (f"says of themselves: {fact}",)


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("I'm pregnant", "is pregnant"),
        ("I'm deaf", "is deaf"),
        ("I'm vegan", "is vegan"),
        ("I'm allergic to peanuts", "is allergic to peanuts"),
        ("I have diabetes", "has diabetes"),
        ("my grandma passed away", "mourns grandma"),
        ("my cat died", "mourns cat"),
        ("we broke up", "parted from partner"),
        ("I got fired", "left job"),
        ("just moved to Tokyo", "lives in Tokyo"),
        ("im 17 now", "is 17 years old"),
    ],
)
def test_what_a_companion_must_know_is_kept_however_short(text, fact):
    found = weigh(text)
    assert (found.worth, found.type) == (True, "fact")
    assert found.reasons == (f"says of themselves: {fact}",)


@pytest.mark.parametrize(
    "text",
    [
        "I'm dead",
        "I'm blind lol I missed that",
        "I'm blind KEKW",
        "I'm deaf 😂",
        "I'm allergic to losing",
        "I have cancer from this chat",
        "I'm tired",
        "so good",
    ],
)
def test_a_joke_is_no_fact(text):
    found = weigh(text)
    assert (found.worth, found.type) == (False, "interaction")


def test_a_pronoun_is_a_fact_where_it_is_clear_whom_it_stands_for():
    assert not weigh("her name is Mochi").worth
    found = weigh("her name is Mochi", about="cat")
    assert found.worth
    assert found.reasons == ("says of themselves: has cat Mochi",)


def test_a_saying_is_no_fact():
    assert weigh("we live in a society").type == weigh("I live in a society").type == "interaction"
    assert not weigh("I live in a society").worth


def test_how_much_a_feeling_stirs():
    def felt(**scores):
        return arousal({"primary": "joy", "confidence": 1.0, "scores": dict.fromkeys(AROUSAL, 0.0) | scores})

    assert felt(neutral=1.0) == 0
    assert felt(anger=1.0) == felt(fear=1.0) == 1
    assert 0 < felt(sadness=1.0) < felt(joy=1.0) < 1
    assert felt(anger=0.5, neutral=0.5) == 0.5
    assert felt(anger=1.0, fear=1.0) == 1
