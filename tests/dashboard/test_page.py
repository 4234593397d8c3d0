"""The live page in a real browser: it loads, follows, survives, and lets chat do nothing."""

import re
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from hikari_ml import ChatMessage, Hikari
from hikari_ml.dashboard.server import LiveDashboard, pages
from hikari_ml.runtime.clock import ManualClock
from tests.browser import needs_chromium, opened
from tests.support import START, at, busy

pytestmark = [needs_chromium, pytest.mark.browser]


@pytest.fixture
async def hikari(tmp_path):
    async with Hikari(channel="hikari", clock=ManualClock(START), folder=tmp_path / "h") as found:
        yield found


@asynccontextmanager
async def live(hikari, problems, path="", **viewport):
    async with (
        LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard,
        opened(dashboard.url + path, problems, **viewport) as page,
    ):
        await page.locator("html[data-connection=live]").wait_for()
        yield page


async def say(hikari, second, text, username="anna", **more):
    hikari._clock.advance_to(at(second))
    await hikari.perceive(ChatMessage(username, text, at(second), **more))


async def test_it_loads_and_follows_the_stream(hikari):
    problems = []
    async with live(hikari, problems) as page:
        assert await page.locator("#channel").inner_text() == "hikari"
        assert "first messages" in (await page.locator("#people-empty").inner_text()).lower()
        await hikari.analytics.record_metric("viewer_count", 321)
        for i in range(12):
            await say(hikari, i * 3, f"I love number {i} so much PogChamp", f"user{i}")
        await page.locator("#chat").get_by_text("I love number 11 so much").wait_for()
        await page.locator("#chart .scatterlayer .trace").first.wait_for(state="attached")
        await page.locator("#memories li >> nth=3").wait_for()
        await page.locator("#people .tag.new >> nth=4").wait_for()
        told = (await hikari.analytics.get_real_time_dashboard())["current_metrics"]["messages_per_minute"]
        assert await page.locator("#rate").inner_text() == f"{told:.0f}"
        assert await page.locator("#speed").inner_text() in ("active", "fast", "hard to follow")
        assert await page.locator("#viewers").inner_text() == "321"
        assert "counted" in await page.locator("#viewers-age").inner_text()
        assert await page.locator("#mood").inner_text() in ("good", "cheerful", "ecstatic")
        await page.locator("#expression", has_text="glad").wait_for()
        assert "PogChamp" in await page.locator("#emotes").inner_text()
        assert "12 new" in await page.locator("#arrivals").inner_text()
        assert "enthusiastic" in await page.locator("#advice").inner_text()
    assert problems == []


async def test_hostile_chat_is_only_text(hikari):
    problems = []
    evil = "<img src=x onerror=\"document.title='pwned'\"> I love <b>this</b> so much"
    async with live(hikari, problems) as page:
        await say(hikari, 1, evil, "<script>document.title='pwned'</script>")
        await say(hikari, 2, "javascript:alert(1) \u202e\u0000 you stupid idiot", "__proto__")
        await page.locator("#chat").get_by_text("onerror").wait_for()
        await page.locator("#toxic").get_by_text("stupid idiot").wait_for()
        assert await page.title() == "Hikari · live"
        assert await page.locator("main img, #chat b, main script, #chat a").count() == 0
    assert problems == []


async def test_piled_up_marks_do_not_cover_the_lines_around(hikari):
    problems = []
    async with live(hikari, problems) as page:
        text = "he" + "\u0301" * 200 + "llo, tiếng Việt, \u05d1\u05bc\u05b0"
        await say(hikari, 1, text, "z" + "\u0335" * 90)
        await page.locator("#chat").get_by_text("llo").wait_for()
        shown = await page.locator("#chat li").last.inner_text()
        assert shown.count("\u0301") == shown.count("\u0335") == 4
        assert "tiếng Việt, \u05d1\u05bc\u05b0" in shown
    assert problems == []


SPREAD = """(part) => {
    const text = part.firstChild, at = (n) => {
        const range = document.createRange();
        range.setStart(text, n), range.setEnd(text, n + 1);
        return range.getBoundingClientRect().left;
    };
    return [at(0), at(text.length - 1)];
}"""


async def test_what_turns_the_writing_around_does_not_reach_beyond_itself(hikari):
    problems = []
    async with live(hikari, problems) as page:
        await say(hikari, 1, "drowssap", "\u202elive\u2067")
        await say(hikari, 2, "12 cats", "\u05d0\u05d1 7")
        await say(hikari, 3, "\u05d0\u05d1\u05d2", "ben")
        await page.locator("#chat li >> nth=2").wait_for()
        places = []
        for row in await page.locator("#chat li").all():
            assert not set("\u202e\u2067") & set(await row.text_content())
            assert await row.evaluate("(row) => getComputedStyle(row).overflowY") == "clip"
            name, text = [await part.evaluate(SPREAD) for part in await row.locator("bdi").all()]
            assert max(name) < min(text)
            places.append((name[0] < name[1], text[0] < text[1]))
        assert places == [(True, True), (False, True), (True, False)]
    assert problems == []


async def test_after_a_hole_it_asks_for_a_snapshot_and_drops_what_comes_until_then(hikari):
    problems = []
    async with live(hikari, problems) as page:
        told = await page.evaluate("""async () => {
            const { Feed } = await import("./feed.js");
            const told = { sent: [], states: [] };
            const feed = new Feed({ onState: (s) => told.states.push(s), onStatus() {}, onEvent() {} });
            feed.socket = { send: (text) => told.sent.push(text) };
            const frame = (type, seq, data) => feed.receive({ type, seq, data, epoch: "e" });
            frame("snapshot", 4, { a: 1 });
            frame("delta", 5, { b: 2 });
            frame("delta", 7, { c: 3 });
            frame("delta", 8, { d: 4 });
            frame("snapshot", 9, { z: 0 });
            frame("delta", 10, { y: 1 });
            return told;
        }""")
        assert told["sent"] == ['{"type":"snapshot"}']
        assert told["states"] == [{"a": 1}, {"a": 1, "b": 2}, {"z": 0}, {"z": 0, "y": 1}]
    assert problems == []


async def test_a_channel_that_is_not_served_is_told_of_and_asked_for_again(hikari):
    problems = []
    async with (
        LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05) as dashboard,
        opened(dashboard.url + "?channel=other", problems) as page,
    ):
        await page.get_by_text("This channel is not served here at the moment, asking again.").wait_for()
        async with Hikari(channel="other", clock=ManualClock(START), folder=hikari.folder / "o") as other:
            await dashboard.add(other)
            await page.locator("html[data-connection=live]").wait_for(timeout=20_000)
            assert await page.locator("#channel").inner_text() == "other"
            await page.locator("#banner").wait_for(state="hidden")
            await dashboard.remove(other)
    assert [problem for problem in problems if "WebSocket" not in problem] == []


async def test_a_deleted_message_vanishes_everywhere(hikari):
    problems = []
    async with live(hikari, problems) as page:
        await say(hikari, 1, "I love my cat Luna", id="m1")
        await say(hikari, 2, "you are such a stupid idiot", id="m2")
        await page.locator("#toxic").get_by_text("stupid idiot").wait_for()
        await page.locator("#memories").get_by_text("Luna").first.wait_for()
        await hikari.retract("m1")
        await hikari.retract("m2")
        await page.locator("#toxic-empty").wait_for()
        for name in ("#chat", "#toxic", "#memories", "#people", "#advice"):
            text = await page.locator(name).inner_text()
            assert "Luna" not in text, name
            assert "idiot" not in text, name
    assert problems == []


async def test_what_is_said_twice_in_a_moment_is_two_rows_and_both_go(hikari):
    problems = []
    async with live(hikari, problems) as page:
        for _ in range(2):
            await say(hikari, 1, "you are such a stupid idiot", "troll")
        await page.locator("#toxic li >> nth=1").wait_for()
        await say(hikari, 2, "hello there")
        await page.locator("#chat").get_by_text("hello there").wait_for()
        assert await page.locator("#toxic li").count() == 2
        await hikari.erase_user("troll")
        await page.locator("#toxic-empty").wait_for()
        assert await page.locator("#toxic li").count() == 0
    assert problems == []


async def test_it_survives_the_servers_restart_and_says_so(hikari):
    problems = []
    first = LiveDashboard(hikari, host="127.0.0.1", port=0, interval=0.05)
    port = int((await first.start()).split(":")[2].strip("/"))
    async with opened(first.url, problems) as page:
        await page.locator("html[data-connection=live]").wait_for()
        await first.aclose()
        banner = page.locator("#banner")
        await banner.wait_for()
        assert re.search(
            r"Connection lost .* ago, trying again\. What you see is \d+ s old", await banner.inner_text()
        )
        async with LiveDashboard(hikari, host="127.0.0.1", port=port, interval=0.05):
            await page.locator("html[data-connection=live]").wait_for(timeout=20_000)
            await banner.wait_for(state="hidden")
            await say(hikari, 1, "I love that you are back")
            await page.locator("#chat").get_by_text("I love that you are back").wait_for()
    assert [problem for problem in problems if "WebSocket connection" not in problem] == []


async def test_what_was_seen_and_switched_is_remembered(hikari):
    problems = []
    async with live(hikari, problems) as page:
        await hikari.analytics.record_metric("viewer_count", 321)
        await say(hikari, 1, "you are such a stupid idiot", "troll1", id="m1")
        await say(hikari, 2, "shut up you stupid idiot", "troll2", id="m2")
        await page.locator("#toxic li >> nth=1").wait_for()
        await page.get_by_label("Mark the message of troll1 as seen").click()
        assert await page.locator("#toxic li").count() == 1
        await page.get_by_role("button", name="Hide viewers").click()
        await page.get_by_role("button", name="Big chat").click()
        await page.get_by_label("Theme").select_option("light")
        await page.locator("#viewers", has_text="•••").wait_for()
        assert "321" not in await page.locator("main").inner_text()
        await page.reload()
        await page.locator("#toxic").get_by_text("shut up").wait_for()
        assert await page.locator("#toxic li").count() == 1
        assert await page.locator("#viewers").inner_text() == "•••"
        assert await page.get_by_role("button", name="Big chat").get_attribute("aria-pressed") == "true"
        look = await page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(chat).fontSize]"
        )
        assert look == ["rgb(241, 243, 248)", "27px"]
    assert problems == []


async def test_the_theme_is_the_systems_unless_one_is_chosen(hikari):
    problems = []
    async with live(hikari, problems) as page:
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme=scheme)
            await page.locator(f"html[data-theme={scheme}]").wait_for()
        await page.get_by_label("Theme").select_option("dark")
        await page.locator("html[data-theme=dark]").wait_for()
    assert problems == []


async def test_viewers_can_be_left_out_by_the_address(hikari):
    problems = []
    async with live(hikari, problems, "?view=compact&viewers=hide") as page:
        await hikari.analytics.record_metric("viewer_count", 321)
        await say(hikari, 1, "hello there")
        await page.locator("#chatters", has_text="1").wait_for()
        assert await page.locator("#fact-viewers").is_hidden()
        assert await page.evaluate("localStorage.length") == 0
    assert problems == []


async def test_where_viewers_are_hidden_an_alert_tells_none_of_their_numbers(hikari):
    problems = []
    for i in range(300):  # before, what is unusual is not known
        hikari._clock.advance_to(at(20 * i))
        await hikari.analytics.record_metric("viewer_count", 12_000 + 40 * (i % 7))
    await say(hikari, 6000, "hello there")
    await hikari.analytics.record_metric("viewer_count", 98_765)
    async with live(hikari, problems) as page:
        alert = page.locator("#moments li.alert")
        await alert.get_by_text("viewer count is 98,765, about 12,").wait_for()
        await page.locator("#hide-viewers").click()
        await alert.get_by_text("viewers: ").wait_for()
        assert "far above usual" in (told := await alert.inner_text())
        assert "98" not in told
        assert "12," not in told
    assert problems == []


async def test_everything_is_reached_by_keyboard(hikari):
    problems, reached = [], []
    async with live(hikari, problems) as page:
        await say(hikari, 1, "you are such a stupid idiot", "troll", id="m1")
        await page.locator("#toxic li").wait_for()
        for _ in range(12):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate(
                    "[document.activeElement.id || document.activeElement.className,"
                    " getComputedStyle(document.activeElement).outlineStyle]"
                )
            )
            if reached[-1][0] == "seen":
                await page.keyboard.press("Enter")
                break
        names = [name for name, _ in reached]
        assert names[:5] == ["skip", "big", "hide-viewers", "theme", "chat"]
        assert names[-1] == "seen"
        assert {outline for _, outline in reached} == {"solid"}
        await page.locator("#toxic-empty").wait_for()
        assert await page.evaluate("document.activeElement.id") == "toxic-title"  # and not lost
    assert problems == []


async def test_after_a_restart_it_says_since_when_the_lists_hold_what_happened(hikari):
    problems = []
    async with live(hikari, problems) as page:
        await say(hikari, 61, "you are such a stupid idiot", "troll")
        await page.locator("#toxic li").wait_for()
        assert await page.locator("#toxic-count").inner_text() == "1"
        assert await page.locator("#arrivals").inner_text() == "1 new, 0 back"
        hikari._clock.advance_to(at(185))
    async with live(hikari, problems) as page:
        await page.locator("#toxic-count", has_text="since").wait_for()
        assert await page.locator("#toxic li").count() == 0
        assert await page.locator("#toxic-count").inner_text() == await page.locator("#arrivals").inner_text()
    assert problems == []


async def test_moments_of_another_evening_have_no_time_code(hikari):
    problems = []
    await busy(hikari.analytics, hikari._clock, 12)
    await busy(hikari.analytics, hikari._clock, 0.5, begin=720, rate=60, people=30)
    await busy(hikari.analytics, hikari._clock, 2, begin=750)
    async with live(hikari, problems) as page:
        assert re.match(r"0:1[123]:\d\d$", await page.locator("#moments .moment .code").inner_text())
    async with live(hikari, problems) as page:
        await say(hikari, 2 * 3600, "good evening")
        await page.locator("#chat").get_by_text("good evening").wait_for()
        await page.reload()
        await page.locator("#moments .moment").wait_for()
        assert await page.locator("#moments .code").count() == 0
    assert problems == []


async def test_what_could_be_read_only_in_part_is_said(hikari):
    problems = []
    async with live(hikari, problems) as page:
        assert await page.locator("#degraded").is_hidden()
        await say(hikari, 1, "これは本当に面白いゲームですね")
        await page.locator("#degraded", has_text="in 1 of the last 1 messages").wait_for()
    assert problems == []


async def test_it_has_landmarks_and_every_part_a_name(hikari):
    problems = []
    async with live(hikari, problems) as page:
        assert await page.locator("header, main").count() == 2
        assert await page.locator("section:not([aria-labelledby]):not([aria-label])").count() == 0
        assert await page.locator("svg:not([aria-label]), button:empty, input:not([id])").count() == 0
        named = (
            "[...document.querySelectorAll('[aria-labelledby]')].map(e => e.getAttribute('aria-labelledby'))"
        )
        for name in await page.evaluate(named):
            assert await page.locator(f"#{name}").count() == 1
        assert await page.locator("#chat[aria-live]").count() == 0  # nobody wants a raid read out
    assert problems == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (800, 1000), (1100, 760), (1920, 1080)])
async def test_it_fits_on_any_screen(hikari, width, height):
    problems = []
    async with live(hikari, problems, width=width, height=height) as page:
        await say(hikari, 1, "x" * 400, "y" * 100)
        await say(hikari, 2, "you stupid idiot " + "z" * 300, "w" * 100)
        await page.locator("#chat").get_by_text("xxxx").wait_for()
        await page.locator("#toxic li").wait_for()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        overflowing = """[...document.querySelectorAll('.card *:not(svg *):not(#chart *)')].filter(e =>
            e.getBoundingClientRect().right > e.closest('.card').getBoundingClientRect().right + 1
            && !e.closest('.bar')).map(e => e.id || e.className)"""
        assert await page.evaluate(overflowing) == []
        if width > 1000:  # the newest message is in sight without scrolling
            box = await page.locator("#chat li").last.bounding_box()
            assert box["y"] + box["height"] <= height
    assert problems == []


async def test_chat_stays_where_it_was_scrolled_to(hikari):
    problems = []
    async with live(hikari, problems) as page:
        for i in range(40):
            await say(hikari, i, f"line number {i}", f"user{i % 5}")
        await page.locator("#chat").get_by_text("line number 39").wait_for()
        assert await page.locator("#newest").is_hidden()
        await page.evaluate("chat.scrollTop = 0")
        await page.locator("#newest").wait_for()
        await say(hikari, 50, "line number 50")
        await page.locator("#chat").get_by_text("line number 50").wait_for(state="attached")
        assert await page.evaluate("chat.scrollTop") == 0
        await page.locator("#newest").click()
        await page.locator("#newest").wait_for(state="hidden")
    assert problems == []


@pytest.mark.parametrize("view", ["chat", "mood", "compact"])
async def test_parts_can_be_laid_over_the_stream(hikari, view):
    problems = []
    async with live(hikari, problems, f"?view={view}", width=480, height=300) as page:
        await say(hikari, 1, "I love this so much", id="m1")
        await say(hikari, 2, "you are such a stupid idiot", id="m2")
        shown = {"chat": "#chat li", "mood": "#face", "compact": "#rate"}[view]
        await page.locator(shown).first.wait_for()
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
        assert await page.locator("header").is_hidden()
        assert await page.evaluate("typeof Plotly") == "undefined"
        if view == "chat":
            await page.locator("#chat").get_by_text("I love this so much").wait_for()
            assert await page.locator("#chat").get_by_text("idiot").count() == 0  # viewers are spared it
        else:
            assert await page.locator("#chat").is_hidden()
    assert problems == []


@asynccontextmanager
async def guarded(token, greetings, code=4401):
    """A server that hands out the page and lets in only who says ``token``."""
    import json

    async def feed(connection):
        hello = json.loads(await connection.recv())
        greetings.append(hello)
        if hello.get("token") != token:
            await connection.close(code, "not let in")
            return
        state = {"channel": hello.get("channel", "none"), "current_metrics": {"total_messages": 0}}
        await connection.send(json.dumps({"type": "snapshot", "epoch": "e", "seq": 0, "data": state}))
        await connection.wait_closed()

    def page(connection, request):
        path = request.path.split("?")[0]
        if path == "/feed":
            return None
        body = pages()[path].body
        headers = Headers({"Content-Type": pages()[path].content_type, "Content-Length": str(len(body))})
        return Response(200, "OK", headers, body)

    async with serve(feed, "127.0.0.1", 0, subprotocols=["hikari.v1.json"], process_request=page) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_token_is_asked_for_kept_for_the_tab_and_asked_for_again():
    problems, greetings = [], []
    async with guarded("sesame", greetings) as url, opened(f"{url}?channel=anna", problems) as page:
        await page.locator("#token-form").wait_for()
        assert await page.evaluate("document.activeElement.id") == "token"
        await page.keyboard.type("wrong")
        await page.keyboard.press("Enter")
        await page.get_by_text("not the right one").wait_for()
        await page.keyboard.type("sesame")
        await page.keyboard.press("Enter")
        await page.locator("html[data-connection=live]").wait_for()
        await page.locator("#channel", has_text="anna").wait_for()  # drawn with the next frame
        assert await page.locator("#token-form").is_hidden()
        await page.reload()
        await page.locator("html[data-connection=live]").wait_for()
        assert [hello.get("token") for hello in greetings] == [None, "wrong", "sesame", "sesame"]
        assert {hello["channel"] for hello in greetings} == {"anna"}
    assert problems == []


async def test_who_is_locked_out_is_told_why():
    problems, greetings = [], []
    async with guarded("sesame", greetings, code=4429) as url, opened(url, problems) as page:
        await page.get_by_text("Too many wrong tokens").wait_for()
        assert "feels undefined" not in await page.locator("body").inner_text()
    assert problems == []


async def test_a_token_in_the_address_is_used_and_taken_off_the_screen():
    problems, greetings = [], []
    async with guarded("sesame", greetings) as url, opened(f"{url}#token=sesame", problems) as page:
        await page.locator("html[data-connection=live]").wait_for()
        assert "token" not in page.url
    assert [hello["token"] for hello in greetings] == ["sesame"]
    assert problems == []
