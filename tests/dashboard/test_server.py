"""The live page in a real browser: it loads, follows, survives, and lets chat do nothing."""

import asyncio

import pytest

from hikari_ml import ChatMessage, Hikari
from hikari_ml.dashboard.server import LiveDashboard, pages
from hikari_ml.runtime.clock import ManualClock
from tests.browser import needs_chromium, opened
from tests.support import START, at


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(channel="hikari", clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


async def say(hikari, second, text, username="anna"):
    hikari._clock.advance_to(at(second))
    await hikari.perceive(ChatMessage(username, text, at(second)))


def test_every_file_is_in_the_package():
    assert {"/", "/app.js", "/style.css", "/plotly.js", "/icon.svg"} == set(pages())
    assert all(page.body for page in pages().values())


async def test_the_url_is_where_the_page_is(hikari):
    async with LiveDashboard(hikari, host="127.0.0.1", port=0) as page:
        assert page.url.startswith("http://127.0.0.1:")
        assert page.url.endswith("/")


@needs_chromium
@pytest.mark.browser
async def test_it_loads_and_follows_the_stream(hikari):
    problems = []
    async with (
        LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard,
        opened(dashboard.url, problems) as page,
    ):
        await page.get_by_text("live", exact=True).wait_for()
        assert await page.locator("#channel").inner_text() == "hikari"
        for i in range(6):
            await say(hikari, i * 6, f"I love number {i} so much", f"user{i}")
        await page.get_by_text("I love number 5 so much").first.wait_for()
        await page.locator("#chart .scatterlayer .trace").first.wait_for(state="attached")
        await page.locator("#memories li >> nth=3").wait_for()
        assert await page.locator("#rate").inner_text() == "6"
        assert await page.locator("#mood").inner_text() in ("good", "cheerful", "ecstatic")
    assert problems == []


@needs_chromium
@pytest.mark.browser
async def test_hostile_chat_is_only_text(hikari):
    problems = []
    async with (
        LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard,
        opened(dashboard.url, problems) as page,
    ):
        evil = "<img src=x onerror=\"document.title='pwned'\"> I love <b>this</b> so much"
        await say(hikari, 1, evil, "<script>document.title='pwned'</script>")
        await page.locator("#chat").get_by_text("onerror").wait_for()
        assert await page.title() == "Hikari · live"
        assert await page.locator("main img, #chat b, main script").count() == 0
    assert problems == []


@needs_chromium
@pytest.mark.browser
async def test_it_survives_the_servers_restart(hikari):
    problems = []
    first = LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05)
    port = int((await first.start()).split(":")[2].strip("/"))
    async with opened(first.url, problems) as page:
        await page.get_by_text("live", exact=True).wait_for()
        await first.aclose()
        await page.get_by_text("connection lost").wait_for()
        async with LiveDashboard(hikari, host="127.0.0.1", port=port, interval=0.05):
            await page.get_by_text("live", exact=True).wait_for(timeout=20_000)
            await say(hikari, 1, "I love that you are back")
            await page.get_by_text("I love that you are back").first.wait_for()
            await asyncio.sleep(0)
    assert [problem for problem in problems if "WebSocket connection" not in problem] == []


@needs_chromium
@pytest.mark.browser
async def test_it_fits_on_a_phone(hikari):
    problems = []
    async with (
        LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard,
        opened(dashboard.url, problems, width=390, height=800) as page,
    ):
        await say(hikari, 1, "x" * 400)
        await page.get_by_text("live", exact=True).wait_for()
        await page.get_by_text("xxxx").first.wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert problems == []
