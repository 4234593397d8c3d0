"""Whom of theirs people spoke of just now."""

from hikari_ml.chat import ChatMessage
from hikari_ml.pipeline.antecedents import RECENT_SECONDS, USERS_KEPT, Antecedents
from tests.support import at


def message(text, second=0, username="anna"):
    return ChatMessage(username, text, at(second))


def test_the_last_one_the_author_spoke_of_just_now():
    found = Antecedents()
    assert found.of(message("her name is Mochi")) is None
    found.note(message("I got a new cat", 0))
    found.note(message("so cute", 5))
    assert found.of(message("her name is Mochi", 10)) == "cat"
    assert found.of(message("her name is Mochi", 10, "ANNA")) == "cat"
    assert found.of(message("her name is Mochi", 10, "ben")) is None
    assert found.of(message("her name is Mochi", -1)) is None
    assert found.of(message("her name is Mochi", RECENT_SECONDS)) == "cat"
    assert found.of(message("her name is Mochi", RECENT_SECONDS + 1)) is None
    found.note(message("my dog barks", 20))
    assert found.of(message("his name is Rex", 21)) == "dog"
    found.forget("Anna")
    assert found.of(message("his name is Rex", 22)) is None


def test_it_remembers_so_many_and_no_more():
    found = Antecedents()
    for number in range(USERS_KEPT + 1):
        found.note(message("my cat sleeps", 0, f"user{number}"))
    assert found.of(message("her name is Mochi", 1, "user0")) is None
    assert found.of(message("her name is Mochi", 1, "user1")) == "cat"
