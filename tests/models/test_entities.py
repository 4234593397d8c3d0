"""Names are found where a rule can tell that they are names."""

import itertools
import subprocess
import sys

import pytest

from hikari_ml.errors import ModelError
from hikari_ml.models import entities
from hikari_ml.models.entities import EntityFinder


@pytest.fixture(scope="module")
def finder():
    return EntityFinder()


def named(finder, text):
    return {(entity.text, entity.label) for entity in finder.find(text)}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@anna do you play Elden Ring?", {("anna", "PERSON"), ("Elden Ring", "GAME")}),
        ("i love minecraft", {("minecraft", "GAME")}),
        ("greetings to Sarah Connor from me", {("Sarah Connor", "NAME")}),
        ("ペコラさん、今日もかわいい", {("ペコラ", "PERSON")}),
        ("민수님 안녕하세요", {("민수", "PERSON")}),
    ],
)
def test_they_are_found(finder, text, found):
    assert found <= named(finder, text)


@pytest.mark.parametrize(
    "text",
    [
        "Great stream today",
        "Wow. Amazing play",
        "LETS GO TEAM BLUE",
        "Kappa PogChamp LUL",
        "nice Kreygasm play",
        "@user hello",
        "",
        "!!!",
    ],
)
def test_what_is_no_name_is_not_called_one(finder, text):
    assert not {entity for entity in named(finder, text) if entity[1] != "GAME"}


def test_places_are_those_of_the_text(finder):
    text = "😂 hi @anna, is Elden Ring or Dark Souls harder?"
    for entity in finder.find(text):
        assert text[entity.start : entity.end] == entity.text


def test_entities_do_not_overlap_and_come_in_order(finder):
    found = finder.find("@anna and Anna Karenina of Anna play Dark Souls and Elden Ring in Anna")
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


def test_loading_spacy_loads_no_torch():
    code = (
        "import sys; from hikari_ml.models.entities import EntityFinder; EntityFinder().load();"
        "print('torch' in sys.modules, 'spacy' in sys.modules); import torch; print(torch.ones(1).item())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "1.0"]


def test_words_are_not_kept_for_good(monkeypatch):
    monkeypatch.setattr(entities, "WORDS_KEPT", 50)
    finder = EntityFinder()
    finder.load()
    before = len(finder._nlp.vocab.strings)
    for letters in itertools.islice(itertools.product("abcdefgh", repeat=3), 100):
        name = f"Zo{''.join(letters)}"
        assert [entity.text for entity in finder.find(f"we saw {name} there")] == [name]
        assert len(finder._nlp.vocab.strings) - before <= 50 + 20  # a line's own words come on top


def test_spacy_is_loaded_by_the_first_line_that_needs_it():
    finder = EntityFinder()
    assert finder.find("so good") == []
    assert finder._nlp is None
    assert [entity.text for entity in finder.find("we saw Anna there")] == ["Anna"]
    assert finder._nlp is not None


def test_a_line_that_begins_no_title_is_not_read(finder):
    finder.load()
    for title in entities._games():
        assert finder._nlp.tokenizer(title)[0].lower_.startswith(entities._opening(title)), title


def test_a_model_that_cannot_be_loaded_is_named(tmp_path, monkeypatch):
    (tmp_path / "en_core_web_sm").mkdir()
    (tmp_path / "en_core_web_sm" / "__init__.py").write_text(
        "def load(**_):\n    raise OSError('half of it')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    finder = EntityFinder()
    assert finder.method == "en_core_web_sm"
    with pytest.raises(ModelError, match=r"en_core_web_sm.*install it anew or remove it"):
        finder.find("we saw Anna there")
