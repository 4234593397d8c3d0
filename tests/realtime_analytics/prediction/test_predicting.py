"""A channel's outlook: worked out once a minute, trained again after a stream where that is wished for."""

import asyncio
import threading

import pytest

from hikari_ml import Settings, StreamAnalyticsEngine
from hikari_ml.config import AnalyticsSettings
from hikari_ml.errors import InputError, ModelDamagedError, StoreError
from hikari_ml.realtime_analytics.prediction import outlook, predicting
from hikari_ml.realtime_analytics.prediction.outlook import PRETRAINED
from hikari_ml.realtime_analytics.prediction.rehearsal import streams
from tests.support import START, at, busy

HOUR = 3600
BEGIN = int(START.timestamp()) // 60 * 60


@pytest.fixture
def long_past(monkeypatch):
    """An evening of more than five hours, put into the timeline as a state file would."""
    monkeypatch.setattr(predicting, "EPOCHS", 1)
    busy_ones = [minute for minute in streams(5, seed=3) if minute.messages][:320]
    return [minute._replace(start=BEGIN + 60 * i) for i, minute in enumerate(busy_ones)]


def engine_with(clock, path=None, **analytics):
    settings = Settings(analytics=AnalyticsSettings(**analytics))
    return StreamAnalyticsEngine(settings, path=path, clock=clock)


async def after_the_evening(engine, clock, long_past):
    clock.advance_to(at(330 * 60))
    engine._stream.timeline.unpack(long_past)
    await engine.process_chat_message("anna", "bye", clock.now())


async def ended(engine):
    assert engine._outlook._retraining is not None
    await engine._outlook._retraining


async def test_it_is_trained_again_once_a_stream_is_over(clock, tmp_path, long_past):
    path = tmp_path / "analytics.msgpack"
    async with engine_with(clock, path, retrain_after_stream=True) as engine:
        await after_the_evening(engine, clock, long_past)
        await engine.get_real_time_dashboard()
        assert engine._outlook._retraining is None, "the stream goes on"
        clock.advance(HOUR)
        await engine.get_real_time_dashboard()
        await ended(engine)
        first = engine._outlook.trained
        assert first is not None
        clock.advance(HOUR)
        await engine.process_chat_message("anna", "hi again", clock.now())
        clock.advance(HOUR)
        await engine.get_real_time_dashboard()
        await ended(engine)
        assert engine._outlook.trained is first, "too little is new"
    async with engine_with(clock, path, retrain_after_stream=True) as engine:
        assert engine._outlook.trained.until == first.until
        await engine.get_real_time_dashboard()
        assert engine._outlook._retraining is None


async def test_the_next_stream_is_a_reason_too(clock, long_past):
    async with engine_with(clock, retrain_after_stream=True) as engine:
        await after_the_evening(engine, clock, long_past)
        clock.advance(10 * HOUR)
        await engine.process_chat_message("anna", "hi", clock.now())
        await ended(engine)
        assert engine._outlook.trained is not None


async def test_it_is_left_alone_unless_wished_for(clock, long_past):
    async with engine_with(clock) as engine:
        await after_the_evening(engine, clock, long_past)
        clock.advance(HOUR)
        await engine.get_real_time_dashboard()
        assert engine._outlook._retraining is None


async def test_a_training_in_the_background_does_not_hold_up_the_end(clock, long_past, monkeypatch):
    monkeypatch.setattr(predicting, "EPOCHS", 10_000)
    async with engine_with(clock, retrain_after_stream=True) as engine:
        await after_the_evening(engine, clock, long_past)
        clock.advance(HOUR)
        await engine.get_real_time_dashboard()
        assert not engine._outlook._retraining.done()
    assert engine._outlook._retraining.done()
    assert engine._outlook.trained is None


async def test_epochs_are_told_of_on_the_loop(clock, long_past):
    told = []
    async with engine_with(clock) as engine:
        await after_the_evening(engine, clock, long_past)
        await engine.fit_predictor(
            epochs=2, on_epoch=lambda epoch, loss: told.append((epoch, loss, threading.get_ident()))
        )
        await asyncio.sleep(0)
        with pytest.raises(InputError, match="on_epoch"):
            await engine.fit_predictor(epochs=1, on_epoch="print")
    assert [epoch for epoch, _, _ in told][:3] == [1, 2, 3]
    assert all(loss > 0 for _, loss, _ in told)
    assert {thread for *_, thread in told} == {threading.get_ident()}


async def test_a_cancelled_training_lets_go_of_the_lane(clock, long_past):
    begun = asyncio.Event()
    async with engine_with(clock) as engine:
        await after_the_evening(engine, clock, long_past)
        training = asyncio.create_task(
            engine.fit_predictor(epochs=10_000, on_epoch=lambda epoch, loss: begun.set())
        )
        await begun.wait()
        training.cancel()
        with pytest.raises(asyncio.CancelledError):
            await training
        assert engine._outlook.trained is None
        assert await asyncio.wait_for(engine._training.submit(lambda: "free"), 60) == "free"


@pytest.mark.parametrize("epochs", [0, "3", None, 2.5, True])
async def test_epochs_that_are_none_are_refused_before_anything_is_done(clock, epochs):
    async with engine_with(clock) as engine:
        with pytest.raises(InputError, match="epochs"):
            await engine.fit_predictor(epochs=epochs)


async def test_trouble_with_keeping_it_is_told(clock, tmp_path, long_past, monkeypatch, caplog):
    def full(self, path):
        raise StoreError(path, "the disk is full")

    monkeypatch.setattr(outlook.Trained, "save", full)
    async with engine_with(clock, tmp_path / "a.msgpack", retrain_after_stream=True) as engine:
        await after_the_evening(engine, clock, long_past)
        clock.advance(HOUR)
        await engine.get_real_time_dashboard()
        await ended(engine)
        board = await engine.get_real_time_dashboard()
    assert any("the disk is full" in trouble for trouble in board["degraded"])
    assert "the disk is full" in caplog.text


async def test_it_is_worked_out_once_a_minute(clock, monkeypatch):
    asked = []
    real = predicting.predict
    monkeypatch.setattr(predicting, "predict", lambda *given: asked.append(1) or real(*given))
    async with engine_with(clock) as engine:
        await busy(engine, clock, 40)
        boards = [await engine.get_real_time_dashboard() for _ in range(5)]
        assert len(asked) == 1
        assert all(board["predictions"] == boards[0]["predictions"] for board in boards)
        boards[0]["predictions"]["horizons"].clear()
        assert (await engine.get_real_time_dashboard())["predictions"] == boards[1]["predictions"]
        assert len(asked) == 1
        clock.advance(60)
        await engine.get_real_time_dashboard()
    assert len(asked) == 2


@pytest.mark.parametrize("allowed", [True, False])
async def test_the_bundled_network_can_be_done_without(clock, allowed):
    models = set()
    async with engine_with(clock, pretrained_predictor=allowed) as engine:
        for seed in range(6):
            stream = streams(1, seed=seed)
            for end in range(110, len(stream), 20):
                models.add((await engine._outlook.predict(stream[:end]))["model"])
    assert (PRETRAINED in models) is allowed


async def test_a_bundled_network_that_is_damaged_is_told_of(clock, monkeypatch):
    def damaged():
        raise ModelDamagedError("predictor", "not as it was installed")

    monkeypatch.setattr(predicting, "pretrained", damaged)
    async with engine_with(clock) as engine:
        found = await engine._outlook.predict(streams(2, seed=44)[:130])
        board = await engine.get_real_time_dashboard()
    assert found["model"] == "mean of 15 minutes"
    assert any("not as it was installed" in trouble for trouble in board["degraded"])
