"""Rendering a replay as a page. Everything chat says is escaped by the template engine."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from statistics import mean
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hikari_ml import __version__
from hikari_ml.models.reading import TASKS
from hikari_ml.report.charts import EMOTION_COLORS, emotion_chart, plotly_script, stream_chart
from hikari_ml.report.folding import fold_memories, stretches
from hikari_ml.results import Replay
from hikari_ml.text.cues import find_cues

SHOWN_VIEWERS: Final = 20
SHOWN_TOXIC: Final = 25
SHOWN_MEMORIES: Final = 30
SHOWN_WORDS: Final = 15
SHOWN_MOMENTS: Final = 20
SHOWN_UNCOVERED: Final = 8
CLEAR_VALENCE: Final = 0.2
RARE: Final = 0.01
OTHERS: Final = "other languages"
LANGUAGES: Final = {
    "und": "too short to tell", "en": "English", "de": "German", "es": "Spanish", "fr": "French",
    "it": "Italian", "pt": "Portuguese", "ja": "Japanese", "ko": "Korean", "zh": "Chinese",
    "ru": "Russian", "nl": "Dutch", "pl": "Polish", "sv": "Swedish", "tr": "Turkish", "fi": "Finnish",
    "th": "Thai", "uk": "Ukrainian", "cs": "Czech", "ro": "Romanian", "hu": "Hungarian", "da": "Danish",
    "no": "Norwegian", "el": "Greek", "he": "Hebrew", "ar": "Arabic", "hi": "Hindi", "id": "Indonesian",
    "vi": "Vietnamese", "bg": "Bulgarian", "ceb": "Cebuano", "ca": "Catalan",
}  # fmt: skip
FALLBACKS: Final = {
    "text:truncated": "the end of long messages",
    "timestamp:future": "the time of messages dated ahead of the clock",
}


def render(result: Replay) -> str:
    """One self-contained HTML page of ``result``."""
    template = environment().get_template("replay.html.j2")
    # Charts and script are made by plotly from numbers and escaped text; they are markup already.
    return template.render(
        result=result,
        version=__version__,
        script=Markup(plotly_script()),  # noqa: S704
        stream=Markup(stream_chart(result)),  # noqa: S704
        emotions=Markup(emotion_chart(result)),  # noqa: S704
        colors=EMOTION_COLORS,
        languages=languages(result),
        uncovered=uncovered(result)[:SHOWN_UNCOVERED],
        facts=facts(result),
        moments=sorted(result["moments"], key=lambda m: -m["score"])[:SHOWN_MOMENTS],
        toxic=result["toxic"][:SHOWN_TOXIC],
        viewers=result["viewers"][:SHOWN_VIEWERS],
        memories=fold_memories(result["memories"])[:SHOWN_MEMORIES],
        stretches=stretches(result["anomalies"]),
        topics=result["topics"][:SHOWN_WORDS],
        emotes=result["emotes"][:SHOWN_WORDS],
        tints=emote_tints(result),
    )


def facts(result: Replay) -> list[tuple[str, str]]:
    """The figures at the head of the page, as (value, what it is)."""
    rates = [point["value"] for point in result["chat_rate"]]
    moods = [point["value"] for point in result["mood"]]
    counted = result["messages"] - result["bots"]
    found = [
        (f"{result['messages']:,}", "messages"),
        (f"{result['chatters']:,}", "chatters"),
        (f"{mean(rates):,.1f}" if rates else "0", "a minute, without pauses"),
        (f"{max(rates):,.0f}" if rates else "0", "at the peak"),
        (mood_word(mean(moods)) if moods else "unknown", "mood"),
        (f"{100 * result['toxic_total'] / counted:.1f} %" if counted else "0 %", "toxic"),
        (f"{len(result['moments'])}", "moment" if len(result["moments"]) == 1 else "moments"),
        (f"{result['memory_stats']['total']:,}", "remembered"),
    ]
    if result["viewer_count"]:
        peak = max(point["value"] for point in result["viewer_count"])
        found.insert(2, (f"{peak:,.0f}", "viewers at most"))
    return found


def tint(valence: float) -> str:
    """The colour of an emote that is meant kindly, unkindly or neither."""
    if abs(valence) < CLEAR_VALENCE:
        return "var(--warm)"
    return "var(--good)" if valence > 0 else "var(--bad)"


def emote_tints(result: Replay) -> dict[str, str]:
    """The colour of each emote by what this chat has taught of it, else by its rating in the lexicon."""
    rated = {cue.token: cue.valence for emote in result["emotes"] for cue in find_cues(emote["topic"])}
    taught = {meaning["emote"]: meaning["valence"] for meaning in result["emote_meanings"]}
    return {emote: tint(valence or 0.0) for emote, valence in (rated | taught).items()}


def mood_word(score: float) -> str:
    """A mood in [0, 1] in one word."""
    words = ((0.3, "gloomy"), (0.45, "tense"), (0.55, "calm"), (0.65, "good"), (0.8, "cheerful"))
    return next((word for limit, word in words if score < limit), "ecstatic")


def languages(result: Replay) -> list[tuple[str, float]]:
    """(language, share of the messages), the most frequent first; what is below 1 % stands together."""
    total = sum(result["languages"].values())
    shares = {code: count / total for code, count in result["languages"].items()}
    shown = [(LANGUAGES.get(code, code), share) for code, share in shares.items() if share >= RARE]
    others = sum(share for share in shares.values() if share < RARE)
    return [*shown, (OTHERS, others)] if others else shown


def uncovered(result: Replay) -> list[str]:
    """What was not answered for, by language and for each other fallback; rare languages stand together."""
    total = sum(result["languages"].values())
    found: dict[str, Counter[str]] = {}
    for fallback, count in result["degraded"].items():
        task, _, code = fallback.partition(":")
        if task not in TASKS:
            subject, task = FALLBACKS.get(fallback, fallback), ""
        elif result["languages"].get(code, 0) < RARE * total:
            subject = OTHERS
        else:
            subject = LANGUAGES.get(code, code)
        found.setdefault(subject, Counter())[task] += count
    ranked = sorted(found.items(), key=lambda item: -max(item[1].values()))
    return [f"{subject}{' ' if '' in tasks else ': '}{_counted(tasks)}" for subject, tasks in ranked]


def _counted(tasks: Counter[str]) -> str:
    groups = groupby(sorted(tasks.items(), key=lambda item: (-item[1], item[0])), key=lambda item: item[1])
    return ", ".join(
        f"{', '.join(name for name, _ in group)} ({n:,} {'message' if n == 1 else 'messages'})".strip()
        for n, group in groups
    )


def _clock(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%H:%M:%S")


def _day(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%d %B %Y, %H:%M UTC")


def _offset(at: str, start: str) -> str:
    """How far into the recording ``at`` is, as a time code."""
    seconds = max(timedelta(0), datetime.fromisoformat(at) - datetime.fromisoformat(start))
    whole = int(seconds.total_seconds())
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


@cache
def environment() -> Environment:
    """The template engine of every page: what it is given is escaped."""
    environment = Environment(
        loader=PackageLoader("hikari_ml.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clock=_clock, day=_day, offset=_offset, mood_word=mood_word)
    return environment
