"""The table between emotions and the names an avatar knows, shipped as TOML and open to the user."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from hikari_ml.errors import ConfigError
from hikari_ml.pipeline.face import FEELINGS, Answer, Feeling
from hikari_ml.results import EMOTIONS, Emotion, Tone

SETTING: Final = "expression.table"

_Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
_Value = Annotated[float, Field(ge=-1_000_000, le=1_000_000, allow_inf_nan=False)]
_Name = Annotated[str, Field(min_length=1, max_length=100)]
Numbers = Literal["vts", "vrm0", "vrm1"]
NUMBERS: Final[tuple[Numbers, ...]] = ("vts", "vrm0", "vrm1")


class Avatar(TypedDict):
    """What an avatar is told.

    ``hotkey`` (VTube Studio) and ``live2d`` (NAME.exp3.json) are None where the table names none. The numbers
    are complete: ``vts`` (tracking parameters), ``vrm0`` and ``vrm1`` (VMC blend shapes, 0 to 1) hold every
    name the table uses anywhere, so that nothing of an earlier look is left standing.
    """

    hotkey: str | None
    live2d: str | None
    vts: dict[str, float]
    vrm0: dict[str, float]
    vrm1: dict[str, float]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _AnswerRow(_Part):
    shows: Emotion
    strength: _Fraction
    tone: Tone


class _Look(_Part):
    start: _Fraction = Field(alias="from")
    hotkey: _Name | None = None
    live2d: Annotated[str, Field(pattern=r".+\.exp3\.json$")] | None = None
    vts: dict[_Name, _Value] = {}
    vrm0: dict[_Name, _Fraction] = {}
    vrm1: dict[_Name, _Fraction] = {}


def _in_order(looks: list[_Look]) -> list[_Look]:
    if any(one.start >= other.start for one, other in pairwise(looks)):
        raise PydanticCustomError(
            "order", "each look has to begin at a higher value of from than the one before"
        )
    return looks


class Looks(_Part):
    """The table: how each feeling of the chat is answered, and how each emotion looks, by intensity."""

    answers: dict[Feeling, _AnswerRow]
    looks: dict[
        Emotion, Annotated[list[_Look], Field(min_length=1, max_length=20), AfterValidator(_in_order)]
    ]

    def answer(self, feeling: Feeling) -> Answer:
        """How a feeling of the chat is met."""
        row = self.answers[feeling]
        return Answer(row.shows, row.strength, row.tone)

    def avatar(self, emotion: Emotion, intensity: float) -> Avatar:
        """What an avatar is told to show ``emotion`` at ``intensity`` (0 to 1)."""
        looks = self.looks[emotion]
        reached = [look for look in looks if look.start <= intensity]
        here = reached[-1] if reached else None
        after = next((look for look in looks if look.start > intensity), None)
        neutral = self.looks["neutral"][0]
        named = here or neutral
        return {
            "hotkey": named.hotkey,
            "live2d": named.live2d,
            "vts": self._numbers("vts", here, after, intensity),
            "vrm0": self._numbers("vrm0", here, after, intensity),
            "vrm1": self._numbers("vrm1", here, after, intensity),
        }

    def _numbers(
        self, kind: Numbers, here: _Look | None, after: _Look | None, intensity: float
    ) -> dict[str, float]:
        """Every number of a kind, between the look that was reached and the one after it."""
        rest = self._rest(kind)
        low: Mapping[str, float] = getattr(here, kind) if here else {}
        if after is None:
            return {name: low.get(name, value) for name, value in rest.items()}
        start = here.start if here else 0.0
        way = (intensity - start) / (after.start - start)
        high: Mapping[str, float] = getattr(after, kind)
        return {
            name: (1 - way) * low.get(name, value) + way * high.get(name, value)
            for name, value in rest.items()
        }

    def _rest(self, kind: Numbers) -> dict[str, float]:
        """Every name of a kind that the table uses, as the neutral look has it, else 0."""
        neutral: Mapping[str, float] = getattr(self.looks["neutral"][0], kind)
        names = {name for looks in self.looks.values() for look in looks for name in getattr(look, kind)}
        return {name: neutral.get(name, 0.0) for name in sorted(names)}


@cache
def _shipped() -> dict[str, Any]:
    with (resources.files("hikari_ml.pipeline") / "expressions.toml").open("rb") as file:
        return tomllib.load(file)


def read_looks(path: Path | None = None) -> Looks:
    """The table in ``path``; what it leaves out, and without it everything, is as shipped.

    Raises:
        ConfigError: the file cannot be read, or something in it cannot be used; it carries the key.
    """
    own: dict[str, Any] = {}
    if path is not None:
        try:
            own = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(SETTING, f"{path} cannot be read ({error.strerror})") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(SETTING, f"{path} is no TOML: {error}") from error
    merged = {name: _merged(name, own) for name in (*_shipped(), *(own.keys() - _shipped().keys()))}
    try:
        return Looks.model_validate(merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([SETTING, *(str(part) for part in first["loc"] if part != "[key]")])
        raise ConfigError(key, f"{path}: {_hint(first['type'], first['msg'])}") from error


def _merged(name: str, own: Mapping[str, Any]) -> Any:
    shipped, given = _shipped().get(name), own.get(name, {})
    if isinstance(shipped, dict) and isinstance(given, dict):
        return {**shipped, **given}
    return given


def _hint(kind: str, message: str) -> str:
    if kind == "literal_error":
        return f"{message}; emotions are {', '.join(EMOTIONS)}; answered are {', '.join(FEELINGS)}"
    return "no such key" if kind == "extra_forbidden" else message
