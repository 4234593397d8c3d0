"""From labelled texts to a model file that the analyser can use."""

import gzip
import json
from dataclasses import replace

import pytest

from hikari_ml.errors import InputError
from hikari_ml.learning.examples import own_lines
from hikari_ml.learning.recipe import base_folder, read_plan, train_chat_model
from hikari_ml.learning.trainer import TrainingPlan
from hikari_ml.models.chat_encoder import ChatEncoder
from tests.models import tiny

PLAN = TrainingPlan(epochs=1, batch_size=64, max_tokens=16, held_out=0.3, own_lines=0.03)


def test_the_whole_way(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    rows = [
        {"text": f"i {w} this game {i}", "label": label}
        for i in range(20)
        for w, label in (("love", "positive"), ("hate", "negative"))
    ]
    (data / "sentiment.jsonl").write_text("\n".join(map(json.dumps, rows)))
    toxic = [{"text": f"bad {i}", "labels": {"toxic": i % 2}} for i in range(400)]
    (data / "toxicity.jsonl").write_text("\n".join(map(json.dumps, toxic)))
    emotion = [{"text": f"good dogs {i}", "labels": ["joy"]} for i in range(20)]
    (data / "emotion.jsonl").write_text("\n".join(map(json.dumps, emotion)))
    seen, said = [], []
    base = tiny.bert_encoder(tmp_path / "base")
    path = train_chat_model(
        data, tmp_path / "out", PLAN, base=base, on_progress=seen.append, on_stage=said.append
    )
    assert "too few lines are held out to calibrate sentiment, emotion: left as the run began" in said
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["bytes"] == path.stat().st_size
    assert report["examples"] > report["held_out"] > 0
    assert set(report["calibration"]) == {"toxicity"}, "of the others too few are held out"
    assert seen[-1].step == seen[-1].steps
    encoder = ChatEncoder.load(path, sha256=report["sha256"], threads=1)
    assert len(encoder.read(["i love this", "i hate this"])) == 2
    assert report["retention"]["texts"] > 0
    plan = replace(PLAN, passes={"sentiment": 2.0})
    network = tmp_path / "out" / "network.safetensors"
    train_chat_model(data, tmp_path / "more", plan, base=tmp_path / "base", start=network)
    more = json.loads((tmp_path / "more" / "report.json").read_text())
    assert more["examples"] > report["examples"]
    assert more["plan"]["passes"] == {"sentiment": 2.0}


def test_a_few_lines_are_trained_without_holding_any_out(tmp_path):
    rows = [{"text": f"i love this game {i}", "label": "positive"} for i in range(5)]
    (tmp_path / "sentiment_mine.jsonl.gz").write_bytes(
        gzip.compress("\n".join(map(json.dumps, rows)).encode())
    )
    plan = replace(PLAN, held_out=0.02, passes={"sentiment_mine": 3.0})
    base = tiny.bert_encoder(tmp_path / "base")
    assert train_chat_model(tmp_path, tmp_path / "out", plan, base=base).exists()
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["held_out"], report["calibration"]) == (0, {})
    with pytest.raises(InputError, match=r"plan\.passes: 'nobody'"):
        train_chat_model(tmp_path, tmp_path / "out", replace(PLAN, passes={"nobody": 2.0}), base=base)


def test_the_projects_own_lines_are_seen_as_often_as_the_plan_says(tmp_path):
    rows = [{"text": f"i love this game {i}", "label": "positive"} for i in range(5)]
    (tmp_path / "sentiment_mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    plan = replace(PLAN, held_out=0.0, own_lines=0.0, languages=("en",), passes={"own-short": 0.1})
    train_chat_model(tmp_path, tmp_path / "out", plan, base=tiny.bert_encoder(tmp_path / "base"))
    short = [line for line in own_lines() if line.source == "own-short"]
    seen = json.loads((tmp_path / "out" / "report.json").read_text())["examples"] - len(rows)
    assert 0.05 * len(short) < seen < 0.2 * len(short)


def test_no_data_is_a_clear_error(tmp_path):
    with pytest.raises(InputError, match="sentiment, emotion or toxicity"):
        train_chat_model(tmp_path, tmp_path / "out", PLAN, base=tmp_path)


def test_the_encoder_it_starts_from_comes_with_a_package():
    folder = base_folder()
    assert (folder / "model.safetensors").exists()
    assert (folder / "tokenizer.json").exists()


def test_a_plan_can_be_a_file(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text('epochs = 1\nlanguages = ["en"]\n[passes]\nsemeval = 2.0\n')
    assert read_plan(path) == TrainingPlan(epochs=1, languages=("en",), passes={"semeval": 2.0})


@pytest.mark.parametrize(
    ("text", "why"),
    [("epoch = 1", "no plan has epoch"), ("epochs = 'many'", "epochs"), ("epochs =", "cannot be read")],
)
def test_a_plan_that_is_none_is_a_clear_error(text, why, tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=why):
        read_plan(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(tmp_path / "nothing.toml")
