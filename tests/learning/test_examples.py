"""Labelled lines are read with what is unknown left unknown."""

import gzip
import json
import math
from random import Random

import pytest

from hikari_ml.errors import InputError, RecordingError
from hikari_ml.learning.examples import UNKNOWN, Example, only, own_lines, passed, read_folder, split
from hikari_ml.results import EMOTIONS, TOXICITY_LABELS


def write(folder, name, *rows):
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    folder.mkdir(exist_ok=True)
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text)


def test_each_task_fills_its_own_labels(tmp_path):
    write(tmp_path, "sentiment.jsonl", {"text": "soooo good", "label": "positive"})
    write(tmp_path, "emotion.jsonl.gz", {"text": "boo", "labels": ["fear", "surprise"]})
    write(tmp_path, "toxicity.jsonl", {"text": "hi", "labels": {"toxic": 0, "threat": None}})
    sentiment, emotion, toxicity = read_folder(tmp_path)
    assert (sentiment.text, sentiment.sentiment) == ("soo good", 2)
    assert all(math.isnan(value) for value in sentiment.emotion + sentiment.toxicity)
    assert [EMOTIONS[i] for i, value in enumerate(emotion.emotion) if value == 1] == ["fear", "surprise"]
    assert emotion.sentiment == -1
    assert toxicity.toxicity[0] == 0
    assert math.isnan(toxicity.toxicity[TOXICITY_LABELS.index("threat")])


def test_labels_set_by_a_word_list_are_not_believed(tmp_path):
    write(tmp_path, "toxicity.jsonl", {"text": "x", "labels": {"toxic": 1, "obscene": 1}, "weak": True})
    (found,) = read_folder(tmp_path)
    assert math.isnan(found.toxicity[TOXICITY_LABELS.index("obscene")])


def test_languages_can_be_chosen(tmp_path):
    rows = [
        {"text": t, "label": "neutral", "lang": lang} for t, lang in (("a", "en"), ("b", "zh"), ("c", "de"))
    ]
    write(tmp_path, "sentiment.jsonl", *rows)
    assert [e.text for e in read_folder(tmp_path, languages=frozenset({"en", "de"}))] == ["a", "c"]


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("sentiment.jsonl", "not json"),
        ("sentiment.jsonl", {"label": "positive"}),
        ("sentiment.jsonl", {"text": "x", "label": "ecstatic"}),
        ("sentiment.jsonl", {"text": "x"}),
        ("emotion.jsonl", {"text": "x", "labels": []}),
        ("emotion.jsonl", {"text": "x", "labels": ["love"]}),
        ("toxicity.jsonl", {"text": "x", "labels": {"toxic": "yes"}}),
        ("toxicity.jsonl", {"text": "x", "labels": None}),
    ],
)
def test_a_bad_line_is_named(tmp_path, name, row):
    write(
        tmp_path,
        name,
        {"text": "ok", "label": "neutral", "labels": ["joy"]}
        if "tox" not in name
        else {"text": "a", "labels": {}},
        row,
    )
    with pytest.raises(RecordingError) as caught:
        read_folder(tmp_path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"text": "ok", "label": "good"},
            "not a sentiment label: 'good' is none of negative, neutral, positive",
        ),
        ({"text": "ok"}, "it lacks 'label'"),
    ],
)
def test_what_is_wrong_with_a_label_is_said_in_words(tmp_path, row, said):
    write(tmp_path, "sentiment.jsonl", row)
    with pytest.raises(RecordingError, match=said):
        read_folder(tmp_path)


def test_a_folder_without_data_says_what_it_needs(tmp_path):
    with pytest.raises(InputError, match="sentiment, emotion or toxicity"):
        read_folder(tmp_path)


def test_the_projects_own_lines_are_well_formed_and_different():
    lines = own_lines()
    assert len(lines) > 10_000
    assert len({line.text for line in lines}) > 0.97 * len(lines)
    assert all(line.text and line.sentiment >= 0 for line in lines)
    insults = [line for line in lines if line.toxicity[0] == 1]
    assert len(insults) > 50
    assert any(line.text == "kys" for line in insults)


def test_a_line_of_ours_that_swears_at_nobody_attacks_nobody():
    (found,) = [line for line in own_lines() if line.text == "that was so fucking good"]
    assert dict(zip(TOXICITY_LABELS, found.toxicity, strict=True)) == {
        "toxic": 0, "severe_toxic": 0, "obscene": 1, "threat": 0, "insult": 0, "identity_hate": 0,
    }  # fmt: skip


def test_a_head_sees_only_what_is_said_to_it():
    clean = (0.0,) * len(TOXICITY_LABELS)
    rows = [
        Example("a", sentiment=1, source="x"),
        Example("b", toxicity=clean, sentiment=2, source="y"),
        Example("c", emotion=(1.0, *(UNKNOWN,) * (len(EMOTIONS) - 1))),
    ]
    assert only(rows, ("toxicity",)) == [Example("b", toxicity=clean, source="y")]
    assert [example.text for example in only(rows, ("sentiment", "emotion"))] == ["a", "b", "c"]


def test_own_lines_know_their_file_and_their_language():
    german = own_lines(languages=frozenset({"de"}))
    assert {line.source for line in german} == {"own-de_fr"}
    every = own_lines(languages=frozenset({"de", "fr", "en", "es", "pt", "it"}))
    assert len(german) < len(every) == len(own_lines())


def test_a_split_never_parts_a_text_from_itself():
    examples = [Example(f"text {i % 40}", sentiment=i % 3) for i in range(200)]
    train, held_out = split(examples, 0.25, Random(1))
    assert len(train) + len(held_out) == 200
    assert not {e.text for e in train} & {e.text for e in held_out}
    assert len({e.text for e in held_out}) == 10


def test_sources_are_passed_as_often_as_the_plan_says():
    rows = [Example("a", source="x"), Example("b", source="y"), Example("c", source="z")]
    found = passed(rows, {"x": 3.0, "y": 0.0}, Random(1))
    assert [example.text for example in found] == ["a", "a", "a", "c"]
    half = passed([Example("a", source="x")] * 1000, {"x": 1.5}, Random(1))
    assert 1400 < len(half) < 1600
