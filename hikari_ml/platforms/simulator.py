"""A simulated stream: people with habits, and an evening that happens to them. Deterministic by seed.

Regulars talk and tell of themselves, lurkers rarely say a word, a troll has a bad day, a raid arrives, a wave
of copypasta rolls through, there is a sad moment and a clutch play. The evening repeats for as long as it is
asked for, with other lines each time.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from random import Random
from typing import Any, Final

from hikari_ml.chat import ChatMessage, ViewerCount

STREAMER: Final = "hikari"

EVENING: Final = (
    ("settle", 50),
    ("calm", 40),
    ("copypasta", 20),
    ("calm", 45),
    ("clutch", 25),
    ("calm", 50),
    ("sad", 45),
    ("calm", 45),
    ("raid", 45),
    ("calm", 40),
    ("troll", 25),
    ("calm", 45),
)
"""Scenes and their seconds: one round of the evening, eight minutes."""

RATES: Final = {
    "settle": 1.2,
    "calm": 0.8,
    "copypasta": 3.0,
    "clutch": 5.0,
    "sad": 1.8,
    "raid": 3.5,
    "troll": 1.3,
}
"""Messages a second in each scene."""

FACT_CHANCE: Final = 0.06
"""How often a calm line is something a regular tells of themselves."""

METRIC_SECONDS: Final = 10.0

LURKERS: Final = tuple(
    """
    quietfern moss_goblin n0ctis velvet_owl paperplane42 ash_and_ink bluehour koi_pond half_asleep
    driftwood9 pixel_pear samu_fi lowtide greta_g ninjabread wobbly_ufo sundial_ zofia__ mango_lassi
    teal_tiger byte_size harukaze_ umbra_k lilypad7 old_radio crispy_leaf mellow_max daft_fox snowy_peak
    turtle_dove
    """.split()
)
RAIDERS: Final = tuple(
    f"{color}_fox"
    for color in """
    ember rusty copper dusty saffron maple amber cinnabar russet auburn ginger clay ochre sienna brick
    sorrel henna terra paprika
    """.split()
)
TROLLS: Final = ("xX_doomlord_Xx", "toxic_tim99")
GAMES: Final = ("Elden Ring", "Hollow Knight", "Dark Souls", "Bloodborne")
BOSSES: Final = ("Malenia", "the Radiance", "Ornstein", "Gehrman")
FOODS: Final = ("ramen", "pizza", "leftover curry", "pancakes", "dumplings", "soup")
TOPICS: Final = ("soundtrack", "boss fight", "anime", "snack", "weapon", "childhood game")
BOT: Final = "nightbot"


@dataclass(frozen=True, slots=True)
class _Scene:
    name: str
    start: float
    end: float


class Simulator:
    """The simulated stream; iterate :meth:`run` for what happens, in order of time."""

    def __init__(self, seed: int = 0, *, start: datetime, channel: str = STREAMER) -> None:
        self._rng = Random(seed)
        self._start = start
        self._channel = channel
        self._lines = _script()
        self._regulars: tuple[str, ...] = tuple(self._lines["facts"])
        self._told: dict[str, list[str]] = {}
        self._number = 0
        self._viewers = 140.0
        self._recent: list[str] = []

    def run(self, seconds: float | None = None) -> Iterator[ChatMessage | ViewerCount]:
        """Everything that happens in ``seconds`` of stream; None never ends."""
        at, metric_at, game = 0.0, 0.0, self._rng.choice(GAMES)
        for scene in _scenes():
            if scene.name == "settle":
                game = self._rng.choice(GAMES)
            boss = BOSSES[GAMES.index(game)]
            fill = {"game": game, "boss": boss}
            while True:
                at += self._rng.expovariate(RATES[scene.name])
                while metric_at <= min(at, scene.end) and (seconds is None or metric_at <= seconds):
                    yield ViewerCount(self._moment(metric_at), self._viewer_count(scene.name))
                    metric_at += METRIC_SECONDS
                if seconds is not None and at > seconds:
                    return
                if at >= scene.end:
                    at = scene.end
                    break
                yield self._message(at, scene, fill)

    def offset(self, moment: datetime) -> float:
        """Seconds of stream before ``moment``."""
        return (moment - self._start).total_seconds()

    def _message(self, at: float, scene: _Scene, fill: dict[str, str]) -> ChatMessage:
        username, text = self._say(scene, at)
        self._number += 1
        words = {
            **fill,
            "food": self._rng.choice(FOODS),
            "topic": self._rng.choice(TOPICS),
            "name": self._rng.choice(self._regulars),
        }
        badges = ("subscriber/12",) if username in self._regulars else ()
        return ChatMessage(
            username,
            text.format_map(words),
            self._moment(at),
            id=f"sim-{self._number}",
            channel=self._channel,
            badges=badges,
        )

    def _say(self, scene: _Scene, at: float) -> tuple[str, str]:
        lines, roll = self._lines, self._rng.random()
        if scene.name == "copypasta":
            part = "lines" if roll < 0.8 else "asides"
            return self._anyone(), self._fresh(lines["copypasta"][part], 0)
        if scene.name == "raid" and at > scene.start + 5 and roll < 0.75:
            return self._rng.choice(RAIDERS), self._fresh(lines["raid"]["lines"], 3)
        if scene.name == "raid":
            return self._anyone(), self._fresh(lines["raid"]["welcome"], 2)
        if scene.name == "troll" and roll < 0.45:
            return self._rng.choice(TROLLS), self._fresh(lines["troll"]["lines"], 4)
        if scene.name == "troll" and roll < 0.75:
            return self._anyone(), self._fresh(lines["troll"]["answers"], 3)
        if scene.name in ("calm", "settle") and roll < FACT_CHANCE:
            return self._fact()
        if scene.name == "calm" and roll > 0.99:
            return BOT, "Remember to drink some water! Follow the rules and be kind."
        known = scene.name if scene.name in ("settle", "clutch", "sad") else "calm"
        return self._anyone(), self._fresh(lines[known]["lines"], 8)

    def _fact(self) -> tuple[str, str]:
        """A regular tells something of themselves, each thing once before any is told again."""
        name = self._rng.choice(self._regulars)
        facts: list[str] = self._lines["facts"][name]
        left = self._told.get(name) or self._rng.sample(facts, k=len(facts))
        self._told[name] = left[1:]
        return name, left[0]

    def _anyone(self) -> str:
        """Mostly regulars; lurkers together say about as much as one of them."""
        if self._rng.random() < 0.62:
            return self._rng.choice(self._regulars)
        return self._rng.choice(LURKERS)

    def _fresh(self, lines: list[str], memory: int) -> str:
        """A line that was not among the last ``memory``, as far as there are others."""
        lately = self._recent[-memory:] if memory else []
        free = [line for line in lines if line not in lately]
        line = self._rng.choice(free or lines)
        self._recent = [*self._recent[-20:], line]
        return line

    def _viewer_count(self, scene: str) -> float:
        drift = {"raid": 14.0, "clutch": 5.0, "troll": -2.0, "sad": 1.0}.get(scene, -0.8)
        self._viewers = max(60.0, self._viewers + drift + self._rng.gauss(0, 2.5))
        return float(round(self._viewers))

    def _moment(self, at: float) -> datetime:
        return self._start + timedelta(seconds=at)


def _scenes() -> Iterator[_Scene]:
    at = 0.0
    while True:
        for name, seconds in EVENING:
            yield _Scene(name, at, at + seconds)
            at += seconds


@cache
def _script() -> dict[str, Any]:
    with (resources.files("hikari_ml.platforms") / "simulator_lines.toml").open("rb") as file:
        return tomllib.load(file)
