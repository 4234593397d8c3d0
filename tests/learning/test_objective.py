"""What is unknown teaches nothing; what is rare counts more, within bounds."""

import math

import pytest
import torch

from hikari_ml.learning.batches import Batch
from hikari_ml.learning.examples import Example
from hikari_ml.learning.objective import MAX_CLASS_WEIGHT, ClassWeights, task_loss, taught_loss
from hikari_ml.models.network import Readings

NAN = math.nan
EVEN = ClassWeights(torch.ones(3), torch.ones(7), torch.ones(6))


def readings(rows, value=0.0):
    parts = [torch.full((rows, n), value, requires_grad=True) for n in (3, 7, 6)]
    return Readings(*parts, torch.nn.functional.normalize(torch.randn(rows, 8), dim=-1))


def batch(sentiment, emotion=None, toxicity=None):
    rows = len(sentiment)
    return Batch(
        torch.zeros(rows, 2, dtype=torch.int64),
        torch.ones(rows, 2, dtype=torch.int64),
        torch.tensor(sentiment),
        torch.tensor(emotion or [[NAN] * 7] * rows),
        torch.tensor(toxicity or [[NAN] * 6] * rows),
    )


def test_nothing_known_is_no_loss():
    loss = task_loss(readings(2), batch([-1, -1]), EVEN)
    assert loss.item() == 0


def test_an_unknown_label_gets_no_gradient():
    found = readings(2)
    task_loss(found, batch([1, -1], toxicity=[[1.0] + [NAN] * 5, [NAN] * 6]), EVEN).backward()
    assert found.sentiment.grad[0].abs().sum() > 0
    assert found.sentiment.grad[1].abs().sum() == 0
    assert found.toxicity.grad[0, 0] != 0
    assert found.toxicity.grad[0, 1:].abs().sum() == 0
    assert found.emotion.grad is None or found.emotion.grad.abs().sum() == 0


def test_losses_are_what_they_are_called():
    loss = task_loss(readings(1), batch([2], toxicity=[[0.0] + [NAN] * 5]), EVEN)
    assert loss.item() == pytest.approx(math.log(3) + math.log(2), abs=1e-5)


def test_the_rare_counts_more_but_not_without_end():
    examples = [Example("x", sentiment=0)] * 90 + [Example("x", sentiment=1)] * 10
    examples += [Example("x", toxicity=(float(i == 0), *[0.0] * 5)) for i in range(1000)]
    weights = ClassWeights.of(examples)
    assert weights.sentiment[1] > weights.sentiment[0]
    assert weights.toxicity[0] == MAX_CLASS_WEIGHT
    assert (weights.emotion == 1).all()


def test_what_is_taught_is_the_mean_of_the_teachers():
    def said(*sentiment):
        return Readings(torch.tensor([sentiment]), torch.zeros(1, 7), torch.zeros(1, 6), torch.zeros(1, 4))

    sure, unsure = said(9.0, 0.0, 0.0), said(0.0, 0.0, 0.0)
    between = said(*torch.stack([s.sentiment.softmax(-1)[0] for s in (sure, unsure)]).mean(0).log().tolist())
    losses = [taught_loss(student, [sure, unsure]).item() for student in (sure, between, unsure)]
    assert losses[1] == min(losses)
    entropy = 13 * math.log(2)
    assert taught_loss(unsure, [unsure]).item() == pytest.approx(math.log(3) + entropy, rel=1e-5)
