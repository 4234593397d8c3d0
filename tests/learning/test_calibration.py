"""Calibration brings confidence to what it claims."""

import pytest
import torch
from tokenizers import Tokenizer

from hikari_ml.learning.calibration import calibrate, expected_calibration_error
from hikari_ml.learning.examples import Example
from hikari_ml.models.network import ChatEncoderNetwork
from tests.models import tiny


def test_right_confidence_is_no_error_and_overconfidence_is():
    torch.manual_seed(0)
    logits = torch.randn(20_000) * 2
    labels = torch.bernoulli(logits.sigmoid())
    assert expected_calibration_error("toxicity", logits, labels) < 0.02
    assert expected_calibration_error("toxicity", logits * 4, labels) > 0.1


def test_the_classes_of_sentiment_are_calibrated_by_the_winner():
    logits = torch.tensor([[9.0, 0, 0]] * 10)
    labels = torch.tensor([0] * 5 + [1] * 5)
    assert expected_calibration_error("sentiment", logits, labels) == pytest.approx(0.5, abs=0.01)


def test_temperatures_are_set_and_reported(tmp_path):
    base = tiny.bert_encoder(tmp_path)
    network = ChatEncoderNetwork.from_folder(base)
    with torch.no_grad():
        network.heads["toxicity"].classes.weight *= 60
    examples = [Example("i love cats", 2, (0.0,) * 7, (float(i % 2), 0, 0, 0, 0, 0)) for i in range(100)]
    found = calibrate(network, examples, Tokenizer.from_file(str(base / "tokenizer.json")), 16)
    assert set(found) == {"sentiment", "emotion", "toxicity"}
    assert network.temperature.tolist() == pytest.approx([found[h].temperature for h in found])
    for calibrated in found.values():
        assert 0 <= calibrated.ece_after <= 1


@pytest.mark.parametrize(("texts", "calibrated"), [(10, set()), (100, {"sentiment"})])
def test_a_head_with_few_labels_stays_where_the_run_began(tmp_path, texts, calibrated):
    base = tiny.bert_encoder(tmp_path)
    network = ChatEncoderNetwork.from_folder(base)
    examples = [Example("i love cats", 2) for _ in range(texts)]
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    found = calibrate(network, examples, tokenizer, 16, [1.5, 1.2, 1.1])
    assert set(found) == calibrated
    kept = network.temperature.tolist()
    assert (kept[0] == 1.5) is (not calibrated)
    assert kept[1:] == pytest.approx([1.2, 1.1])
