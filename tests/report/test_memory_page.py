"""The page of a memory: whole, self-contained, and deaf to what chat would have it do."""

import re
from collections import Counter
from datetime import timedelta

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.graph import SEEN
from hikari_ml.report.memory_page import SHOWN_LINES, age, facts, line_colors, people, render, span
from hikari_ml.report.memory_view import look
from hikari_ml.runtime.clock import ManualClock
from tests.browser import needs_chromium, opened
from tests.support import START, at

HOUR = 3600
HOSTILE = [
    "<script>document.title='pwned'</script> I love this",
    "<img src=x onerror=\"document.title='pwned'\"> I love that",
    "</script><script>document.title='pwned'</script> my cat is called Luna",
    "{{ 7 * 7 }} my cat is called Mimi",
    '"><svg onload="document.title=\'pwned\'"> my cat is called Momo',
]


async def made(folder, lines, *, hours=2, kind="fact"):
    """A memory of ``lines``, (who, what), a minute apart, that was consolidated some hours later."""
    clock = ManualClock(START)
    async with NeuralMemorySystem(folder, clock=clock) as memory:
        for i, (who, content) in enumerate(lines):
            clock.advance_to(at(60 * i))
            await memory.store_memory(
                content, kind, {"user": who, "why": [content]}, 0.9 - 0.8 * i / len(lines),
                created_at=clock.now(),
            )  # fmt: skip
        clock.advance_to(at(hours * HOUR))
        await memory.consolidate()
    return await look(folder, now=at(hours * HOUR))


CHAT = [
    (f"User{i % 4}", text)
    for i, text in enumerate(
        [
            "I love green tea",
            "my cat is called Luna",
            "I play chess",
            "my cat Luna sleeps",
            "the cat Luna is hungry",
        ]
        + [f"line {i} about something else" for i in range(15)]
    )
]


async def test_the_page_shows_everything_and_fetches_nothing(tmp_path):
    view = await made(tmp_path / "luna", CHAT)
    html = render(view)
    for title in ("grew", "fades", "belong together", "Themes", "Episodes", "Viewers", "Memories", "About"):
        assert re.search(rf"<h2>[^<]*{title}", html), title
    assert "What luna remembers" in html
    assert view.episodes[0]["summary"].split(" · ")[0] in html
    assert view.themes[0]["name"] in html
    assert html.count('<tr data-tier="') == len(CHAT)
    assert "never recalled" in html
    outside = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="', outside), "nothing is fetched from anywhere"


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (["with", "plays"], "Blue lines are what people say of themselves, grey ones what is named together"),
        (["with", "mentions"], "The lines are what is named together"),
        (["plays"], "The lines are what people say of themselves"),
    ],
)
def test_it_speaks_only_of_lines_that_are_drawn(kinds, said):
    relations = [
        {"source": f"a{i}", "kind": kind, "target": "b", "strength": 0.5, "evidence": 1}
        for i, kind in enumerate(kinds)
    ]
    assert line_colors(relations) == said


async def test_it_says_which_relations_are_drawn(tmp_path):
    view = await made(tmp_path / "m", CHAT)
    assert f"All {len(view.relations)} relations." in render(view)
    kinds = {relation["kind"] in SEEN for relation in view.relations}
    assert kinds == {True, False}
    whole = len(view.relations)
    view.stats["graph"]["edges"] = whole + 1_000
    assert f"{whole} of {whole + 1_000:,} relations: the strongest that people say" in render(view)
    view.relations[:] = [relation for relation in view.relations if relation["kind"] in SEEN]
    some = len(view.relations)
    assert f"The {some} strongest of {whole + 1_000:,} relations. The lines are" in render(view)


async def test_an_empty_memory_has_a_page_that_says_so(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        await memory.get_memory_stats()
    html = render(await look(tmp_path / "m"))
    assert "Nothing is remembered yet" in html
    assert "<script>" not in html


async def test_a_recording_of_long_ago_says_from_when_it_is_seen(tmp_path):
    await made(tmp_path / "m", CHAT)
    html = render(await look(tmp_path / "m", now=START + timedelta(days=4000)))
    assert "By today all of it has faded" in html
    assert "10 January 2026, 20:19 UTC" in html


async def test_the_number_of_lines_is_bounded(tmp_path):
    vector = [1.0] + [0.0] * 383
    clock = ManualClock(START)
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as memory:
        for i in range(SHOWN_LINES + 5):
            await memory.store_memory(f"line {i}", embedding=vector, created_at=at(i))
    html = render(await look(tmp_path / "m", now=at(HOUR)))
    assert html.count('<tr data-tier="') == SHOWN_LINES
    assert f"The {SHOWN_LINES} most important of {SHOWN_LINES + 5}" in html
    assert "No memory names whose it is" in html


MOVED = [("mika", "I live in Berlin"), ("mika", "I just moved to Munich"), ("mika", "I play chess")]


async def test_every_line_is_listed_and_what_is_superseded_says_so(tmp_path):
    view = await made(tmp_path / "m", MOVED)
    assert (view.stats["total"], view.stats["superseded"]) == (3, 1)
    html = render(view)
    rows = re.findall(r'<tr data-tier="[^"]*"><td class="said">(.*?)</td>', html)
    assert len(rows) == 3
    assert ["Berlin" in row for row in rows] == ["superseded</span>" in row for row in rows]
    assert "held until 10 January 2026, 20:01 UTC" in html
    assert "All 3, the most important first. What is marked as superseded" in html
    fading = html.split('<ul class="curves">')[1].split("</ul>")[0]
    assert "chess" in fading
    assert "Berlin" not in fading, "it is over"
    assert "marked as superseded" not in render(await made(tmp_path / "n", CHAT))


@needs_chromium
@pytest.mark.browser
async def test_what_is_superseded_is_found_by_that_word(tmp_path):
    (tmp_path / "page.html").write_text(render(await made(tmp_path / "m", MOVED)), encoding="utf-8")
    async with opened(f"file://{tmp_path / 'page.html'}", []) as page:
        await page.fill("#search", "superseded")
        assert await page.locator("#shown").inner_text() == "1 of 3"
        assert "Berlin" in await page.locator("#memories tbody tr:not([hidden])").inner_text()


@needs_chromium
@pytest.mark.browser
async def test_in_a_real_browser_it_searches_and_sorts(tmp_path):
    problems = []
    view = await made(tmp_path / "m", CHAT)
    (tmp_path / "page.html").write_text(render(view), encoding="utf-8")
    async with opened(f"file://{tmp_path / 'page.html'}", problems) as page:
        for chart in ("growth", "fading", "graph"):
            await page.wait_for_selector(f"#{chart} .main-svg")
        rows = page.locator("#memories tbody tr:not([hidden])")
        assert await rows.count() == len(CHAT)
        await page.fill("#search", "LUNA cat")
        assert await rows.count() == 3
        assert await page.locator("#shown").inner_text() == f"3 of {len(CHAT)}"
        await page.fill("#search", "superseded")
        assert await rows.count() == 0
        await page.fill("#search", "")
        await page.get_by_role("button", name="importance").click()
        assert "line 14" in await rows.first.inner_text(), "the least important first"
        await page.get_by_role("button", name="importance").click()
        assert "green tea" in await rows.first.inner_text()
        await page.get_by_role("button", name="who").click()
        assert "User0" in await rows.first.inner_text()
    async with opened(f"file://{tmp_path / 'page.html'}", problems, width=420) as page:
        await page.wait_for_selector("#graph .main-svg")
        assert await page.evaluate("document.documentElement.scrollWidth") == 420, (
            "a phone need not scroll aside"
        )
    assert problems == []


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
async def test_words_in_a_drawing_can_be_read_over_its_lines(tmp_path, width):
    problems = []
    (tmp_path / "page.html").write_text(render(await made(tmp_path / "m", CHAT)), encoding="utf-8")
    async with opened(f"file://{tmp_path / 'page.html'}", problems, width=width) as page:
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await page.wait_for_selector("#graph .main-svg")
            card = await page.evaluate("getComputedStyle(document.querySelector('section')).backgroundColor")
            behind = "#fading .annotation .bg", "fill"
            around = "#graph .textpoint text", "stroke"
            for what, paint in (behind, around):
                found = await page.eval_on_selector_all(
                    what, f"all => all.map((each) => getComputedStyle(each).{paint})"
                )
                assert set(found) == {card}, (scheme, what)
        boxes = await page.eval_on_selector_all(
            "#fading .annotation .bg",
            "all => all.map((e) => e.getBoundingClientRect()).map((b) => [b.left, b.right, b.top, b.bottom])",
        )
    assert len(boxes) == 5
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:i]:
            aside = right <= other[0] or other[1] <= left
            assert aside or bottom <= other[2] or other[3] <= top, "no label lies on another"
    assert problems == []


@needs_chromium
@pytest.mark.browser
@pytest.mark.parametrize("lines", [CHAT, MOVED], ids=["nine", "ten"])
async def test_the_tiles_at_the_head_stand_in_even_rows(tmp_path, lines):
    (tmp_path / "page.html").write_text(render(await made(tmp_path / "m", lines)), encoding="utf-8")
    for width in (1280, 1000, 390):
        async with opened(f"file://{tmp_path / 'page.html'}", [], width=width) as page:
            tops = await page.eval_on_selector_all(
                ".fact", "all => all.map((each) => each.getBoundingClientRect().top)"
            )
        assert len(set(Counter(tops).values())) == 1, (width, tops)


@needs_chromium
@pytest.mark.browser
async def test_what_is_remembered_is_only_text(tmp_path):
    lines = [(f"<b>user{i}</b>", text) for i, text in enumerate(HOSTILE)]
    view = await made(tmp_path / "<i>evil<", lines, kind="<u>fact</u>")
    assert view.themes
    assert view.episodes
    assert view.relations
    (tmp_path / "page.html").write_text(render(view), encoding="utf-8")
    problems = []
    async with opened(f"file://{tmp_path / 'page.html'}", problems) as page:
        await page.wait_for_selector("#graph .main-svg")
        assert "pwned" not in await page.title()
        assert await page.locator("main img, main u, main svg[onload]").count() == 0
        assert await page.locator("b").filter(has_text=re.compile("^user")).count() == 0
        assert await page.get_by_text("{{ 7 * 7 }}").count() > 0
        await page.evaluate("Plotly.Fx.hover('fading', [{ curveNumber: 1, pointNumber: 80 }])")
        hover = page.locator("#fading .hoverlayer")
        assert "<script>" in await hover.text_content(), "what was written is shown as it was written"
        assert await hover.locator("script").count() == 0
        assert "pwned" not in await page.title()
    assert problems == []


def test_ages_in_the_unit_that_says_them():
    found = [
        age(at(seconds), START) for seconds in (-5, 40, 720, 5 * HOUR, 9 * 24 * HOUR, 3 * 366 * 24 * HOUR)
    ]
    assert found == ["0 s", "40 s", "12 min", "5 h", "9 d", "3 y"]


def test_many_people_are_named_by_the_first():
    assert people([]) == "nobody in particular"
    assert people(["a", "b"]) == "a, b"
    assert people(list("abcdef")) == "a, b, c, d and 2 more"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("2026-01-10T20:00:10.000Z", "10 Jan 2026, 20:00"),
        ("2026-01-10T21:30:00.000Z", "10 Jan 2026, 20:00 to 21:30"),
        ("2026-02-01T20:00:00.000Z", "10 Jan 2026 to 01 Feb 2026"),
    ],
)
def test_a_span_is_told_no_finer_than_it_helps(end, said):
    assert span("2026-01-10T20:00:00.000Z", end) == said


async def test_facts_are_those_of_the_memory(tmp_path):
    found = {name: value for value, name in facts(await made(tmp_path / "m", CHAT[:2]))}
    assert (found["memories"], found["people"]) == ("2", "2")
    assert int(found["long-term"]) + int(found["episodic"]) + int(found["short-term"]) == 2
