"""``hikari-ml train``: what it makes can be used."""

from typer.testing import CliRunner

from hikari_ml import ViewerEngagementPredictor
from hikari_ml.cli.main import app
from hikari_ml.realtime_analytics.prediction.rehearsal import streams


def test_chat_rate_writes_a_predictor_and_says_how_wrong_it_is(tmp_path):
    path = tmp_path / "chat_rate.safetensors"
    done = CliRunner().invoke(
        app, ["train", "chat-rate", "--out", str(path), "--streams", "6", "--epochs", "1"]
    )
    assert done.exit_code == 0, done.output
    assert "epoch 1 loss" in done.output
    assert "mean absolute error" in " ".join(done.output.split())
    assert ViewerEngagementPredictor.load(path).predict(streams(1))[60][0] >= 0
