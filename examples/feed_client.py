"""The live numbers over a WebSocket, as a dashboard of one's own would read them."""

import asyncio
import json

from websockets.asyncio.client import connect

from hikari_ml import StreamAnalyticsEngine


async def main() -> None:
    async with StreamAnalyticsEngine() as engine:
        url = await engine.start_websocket_server(port=0)
        async with connect(url) as feed:
            await feed.send(json.dumps({"type": "hello"}))
            snapshot = json.loads(await feed.recv())
            print(snapshot["type"], "of", snapshot["data"]["current_metrics"]["total_messages"], "messages")
            await engine.process_chat_message("anna", "hello there")
            delta = json.loads(await feed.recv())
            print(delta["type"], delta["seq"], delta["data"]["current_metrics"])


asyncio.run(main())
