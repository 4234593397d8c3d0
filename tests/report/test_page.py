"""The page of a replay: whole, self-contained, and deaf to what chat would have it do."""

import json
import re

import pytest

from hikari_ml import Hikari
from hikari_ml.pipeline.replay import replay
from hikari_ml.platforms.replay import Recording
from hikari_ml.report.page import emote_tints, facts, languages, mood_word, render, tint, uncovered
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.times import iso
from tests.browser import needs_chromium, opened
from tests.pipeline.test_replay import record
from tests.support import START, at

HOSTILE = [
    "<script>document.title='pwned'</script> I love this so much",
    "<img src=x onerror=\"document.title='pwned'\"> I hate this so much",
    "</script><script>document.title='pwned'</script> you are an idiot",
    "{{ 7 * 7 }} I love templates so much",
    "javascript:alert(1) I love links so much",
]


async def run(path, folder, **options):
    clock = ManualClock(at(-1e9))
    async with Hikari(clock=clock, folder=folder) as hikari:
        return await replay(hikari, clock, Recording(path), **options)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "evening.jsonl"
    record(path, 260, seed=4)
    return path


async def test_the_page_shows_everything(recording, tmp_path):
    result = await run(recording, tmp_path / "a", viewers=[(START, 120.0), (at(60), 140.0)])
    html = render(result)
    for title in (
        "The stream",
        "Moments",
        "Emotions",
        "Topics",
        "Emotes",
        "Viewers",
        "remembered",
        "Toxic",
        "About",
    ):
        assert title in html, title
    assert "evening.jsonl" in html
    assert result["memories"][0]["content"].split("'")[0] in html
    outside = re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', outside), "nothing is fetched from anywhere"


async def test_a_pasted_insult_is_one_row_with_its_count(tmp_path):
    lines = [
        json.dumps({"timestamp": iso(at(i)), "username": f"user{i % 3}", "text": "you are a fucking idiot"})
        for i in range(7)
    ]
    (tmp_path / "chat.jsonl").write_text("\n".join(lines))
    html = render(await run(tmp_path / "chat.jsonl", tmp_path / "a"))
    assert "7 messages were called toxic" in html
    rows = html.split("<h2>Toxic messages</h2>")[1].split("</section>")[0]
    assert rows.count("you are a fucking idiot") == 1
    assert "7 times by 3 people" in rows


@pytest.mark.parametrize(
    ("valence", "colour"),
    [(0.5, "var(--good)"), (-0.5, "var(--bad)"), (0.1, "var(--warm)"), (-0.1, "var(--warm)")],
)
def test_the_colour_of_an_emote_is_how_it_is_meant(valence, colour):
    assert tint(valence) == colour


async def test_a_page_of_nothing_is_a_page(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    html = render(await run(tmp_path / "empty.jsonl", tmp_path / "a"))
    assert "No message could be read" in html


@needs_chromium
@pytest.mark.browser
async def test_in_a_real_browser_without_a_word_of_complaint(recording, tmp_path):
    problems = []
    (tmp_path / "page.html").write_text(render(await run(recording, tmp_path / "a")), encoding="utf-8")
    async with opened(f"file://{tmp_path / 'page.html'}", problems) as page:
        await page.wait_for_selector("#stream .main-svg")
        assert await page.locator("#stream .scatterlayer .trace").count() >= 2
        assert await page.locator("#emotions .barlayer .trace").count() >= 2
        assert await page.locator("table").count() >= 4
    assert problems == []


@needs_chromium
@pytest.mark.browser
async def test_hostile_chat_is_only_text(tmp_path):
    lines = [
        json.dumps({"timestamp": iso(at(i)), "username": f"<b>user{i}</b>", "text": text})
        for i, text in enumerate(HOSTILE * 4)
    ]
    (tmp_path / "<i>evil<.jsonl").write_text("\n".join(lines))
    problems = []
    result = await run(tmp_path / "<i>evil<.jsonl", tmp_path / "a")
    (tmp_path / "page.html").write_text(render(result), encoding="utf-8")
    async with opened(f"file://{tmp_path / 'page.html'}", problems) as page:
        assert "pwned" not in await page.title()
        assert await page.locator("main b, main i, main img").count() == await page.locator(".fact b").count()
        assert await page.get_by_text("{{ 7 * 7 }}").count() > 0
    assert problems == []


def test_an_emote_has_the_colour_of_what_chat_taught_else_of_its_rating():
    result = {
        "emotes": [{"topic": topic} for topic in ("<3", "BibleThump", "Kappa", "hikariNew", "LUL")],
        "emote_meanings": [{"emote": "LUL", "valence": -0.6}],
    }
    good, bad, neither = tint(1), tint(-1), tint(0)
    assert emote_tints(result) == {
        "<3": good, "BibleThump": bad, "Kappa": neither, "hikariNew": neither, "LUL": bad,
    }  # fmt: skip


def test_facts_of_nothing_are_facts():
    empty = {
        "messages": 0, "bots": 0, "chatters": 0, "chat_rate": [], "mood": [], "toxic_total": 0, "moments": [],
        "viewer_count": [], "memory_stats": {"total": 0},
    }  # fmt: skip
    assert {name: value for value, name in facts(empty)}["toxic"] == "0 %"


@pytest.mark.parametrize(
    ("score", "word"), [(0, "gloomy"), (0.5, "calm"), (0.7, "cheerful"), (1, "ecstatic")]
)
def test_moods_in_words(score, word):
    assert mood_word(score) == word


def test_languages_too_rare_to_show_stand_together():
    counted = {"en": 950, "xx": 40, "fr": 6, "de": 4}
    assert languages({"languages": counted}) == [("English", 0.95), ("xx", 0.04), ("other languages", 0.01)]


def test_what_was_not_covered_is_said_by_language():
    degraded = {
        "toxicity:fr": 1200, "emotion:fr": 1200, "emotion:nds": 4, "text:truncated": 3, "toxicity:nds": 4,
        "sentiment:nl": 1, "emotion:nl": 1, "toxicity:nl": 1,
    }  # fmt: skip
    languages = {"en": 10_000, "fr": 1200, "nds": 4, "nl": 1}
    assert uncovered({"degraded": degraded, "languages": languages}) == [
        "French: emotion, toxicity (1,200 messages)",
        "other languages: emotion, toxicity (5 messages), sentiment (1 message)",
        "the end of long messages (3 messages)",
    ]
