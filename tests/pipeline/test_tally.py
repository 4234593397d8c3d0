"""A report counts people, not lines: what many paste is one text said by many."""

from hikari_ml.chat import ChatMessage
from hikari_ml.pipeline import tally
from hikari_ml.pipeline.tally import ToxicTexts, Words
from tests.support import at


def toxic(texts, username, text, score=0.9, second=0):
    analysis = {
        "text": text,
        "toxicity": {"overall": score, "is_toxic": True, "categories": {"toxic": score, "insult": score / 2}},
    }
    texts.add(ChatMessage(username=username, text=text, timestamp=at(second)), analysis)


def test_a_pasted_text_is_shown_once_with_its_count():
    texts = ToxicTexts()
    toxic(texts, "anna", "You are trash")
    for second, name in enumerate(["ben", "Anna", "cora", "ben"]):
        toxic(texts, name, "you are TRASH!!", second=second)
    toxic(texts, "dora", "go away", 0.7)
    assert texts.total == 6
    first, second = texts.top(5)
    assert (first["text"], first["username"], first["messages"], first["chatters"]) == (
        "You are trash",
        "anna",
        5,
        3,
    )
    assert (second["messages"], second["chatters"], second["category"]) == (1, 1, "toxic")
    assert texts.top(1) == [first]


def test_the_mildest_make_room(monkeypatch):
    monkeypatch.setattr(tally, "MAX_TOXIC", 10)
    texts = ToxicTexts()
    for i in range(40):
        toxic(texts, "anna", f"line number {chr(97 + i % 26)}{chr(97 + i // 26)}", 0.5 + i / 100)
    assert texts.total == 40
    assert len(texts.texts) <= 10
    assert texts.texts.keys() == texts.chatters.keys()
    assert [round(found["score"], 2) for found in texts.top(3)] == [0.89, 0.88, 0.87]


def test_a_word_of_one_person_is_no_topic_of_the_chat():
    words = Words()
    words.add(["dragon", "sword"], "anna")
    words.add(["dragon"], "ANNA")
    words.add(["sword"], "ben")
    assert words.top(5) == [{"topic": "sword", "messages": 2, "chatters": 2}]


def test_the_rarest_words_make_room(monkeypatch):
    monkeypatch.setattr(tally, "MAX_WORDS", 10)
    words = Words()
    for name in ("anna", "ben"):
        words.add(["dragon"], name)
    for i in range(30):
        words.add([f"word{i}"], "anna")
    assert len(words.messages) <= 10
    assert words.messages.keys() == words.chatters.keys()
    assert words.top(1)[0]["topic"] == "dragon"
