"""What is going on in a stream: the live numbers, a viewer's profile, and a forecast that may say no."""

import asyncio
from datetime import UTC, datetime

from hikari_ml import ChatMessage, StreamAnalyticsEngine
from hikari_ml.platforms.simulator import Simulator
from hikari_ml.runtime.clock import ManualClock


async def main() -> None:
    start = datetime(2026, 1, 1, 20, tzinfo=UTC)
    clock = ManualClock(start)
    async with StreamAnalyticsEngine(clock=clock) as engine:
        for happening in Simulator(seed=1, start=start).run(600):
            if isinstance(happening, ChatMessage):
                clock.advance_to(happening.timestamp)
                await engine.process_chat_message(happening.username, happening.text, happening.timestamp)
            else:
                clock.advance_to(happening.at)
                await engine.record_metric("viewer_count", happening.value, happening.at)

        board = await engine.get_real_time_dashboard()
        now = board["current_metrics"]
        print(f"{now['messages_per_minute']:.0f} messages a minute of {now['unique_chatters']} chatters")
        for moment in board["moments"]:
            print(f"moment at {moment['at']}: {moment['reason']}")

        busiest = board["top_chatters"][0]["username"]
        viewer = await engine.get_viewer_insights(busiest)
        print(f"{busiest}: {viewer['message_count']} messages, returns {viewer['return_probability']:.0%}")

        forecast = await engine.forecast_metrics("viewer_count", periods=3, freq="min")
        print(f"viewers: {forecast['status']}, by {forecast['model']} ({', '.join(forecast['degraded'])})")


asyncio.run(main())
