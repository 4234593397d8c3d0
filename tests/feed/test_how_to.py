"""The JavaScript of the how-to page in a real browser: it follows, asks when it is lost, and comes back."""

import asyncio
import re
from pathlib import Path

import pytest

from hikari_ml.feed.server import FeedServer, Page
from tests.browser import needs_chromium, opened

HOW_TO = Path(__file__).parent.parent.parent / "docs/how-to/feed.md"
START = """
window.seen = { events: [], states: 0 };
follow(`ws://${location.host}/feed`, {
  onState: (state) => { seen.state = state; seen.states += 1; },
  onEvent: (kind, data) => seen.events.push([kind, data]),
});
"""


def pages():
    (script,) = re.findall(r"^```js\n(.*?)^```", HOW_TO.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    icon = '<link rel="icon" href="data:,">'
    return {
        "/": Page("text/html", f"<!doctype html>{icon}<script src=/feed.js></script>".encode()),
        "/feed.js": Page("text/javascript", (script + START).encode()),
    }


async def sees(page, true):
    """Wait until it is so; the page's policy forbids the eval in which the browser would wait by itself."""
    for _ in range(500):
        if await page.evaluate(true):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(true)


@needs_chromium
@pytest.mark.browser
async def test_the_script_follows_and_comes_back():
    problems, state = [], {"n": {"a": 0, "b": 1}}

    async def source():
        return state

    first = FeedServer(source, port=0, interval=0.02, pages=pages())
    url = (await first.start()).replace("ws://", "http://").removesuffix("feed")
    async with opened(url, problems) as page:
        await sees(page, "seen.state?.n.b === 1")
        state = {"n": {"a": 2}, "list": [1, {"x": None}]}
        await sees(page, "seen.state.list?.length === 2")
        assert await page.evaluate("seen.state") == state
        first.publish("raid", {"from": "mika"})
        await sees(page, "seen.events.length === 1")
        channel = first.channels["default"]
        channel.feed.event("lost", {}), channel.feed.event("heard", {})
        for client in channel.clients:
            client.position += 1  # one frame is lost on the way
        first.publish("after", {})
        await sees(page, "seen.states > 2")
        assert channel.counts.asked == 1
        await first.aclose()
        state = {"n": 5}
        port = int(url.split(":")[2].strip("/"))
        async with FeedServer(source, port=port, interval=0.02, pages=pages()):
            await sees(page, "seen.state.n === 5")
    assert [problem for problem in problems if "WebSocket connection" not in problem] == []


@needs_chromium
@pytest.mark.browser
async def test_the_script_waits_for_a_channel_that_is_still_being_opened():
    async def source():
        return {"n": 1}

    async with FeedServer(port=0, interval=0.02, pages=pages()) as server:
        url = server.url.replace("ws://", "http://").removesuffix("feed")
        async with opened(url, []) as page:
            while not server.counts.refused["channel"]:
                await asyncio.sleep(0.02)
            await server.add_feed("default", source)
            await sees(page, "seen.state?.n === 1")
