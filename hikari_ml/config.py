"""All settings: arguments first, then ``HIKARI_*`` variables, then ``hikari.toml``, then defaults.

A nested setting is reached by two underscores (``HIKARI_FEED__PORT=9000``) or a table (``[feed]``,
``port = 9000``). ``HIKARI_CONFIG`` names another file than ``hikari.toml`` in the working folder.
"""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from hikari_ml.errors import ConfigError

CONFIG_VARIABLE: Final = "HIKARI_CONFIG"
_PREFIX: Final = "HIKARI_"

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://")]
Device = Literal["cpu", "cuda"]
ModelRole = Literal["sentiment", "emotion", "toxicity", "embedding"]

KNOWN_BOTS: Final = (
    "nightbot",
    "streamelements",
    "streamlabs",
    "moobot",
    "fossabot",
    "wizebot",
    "botisimo",
    "soundalerts",
    "sery_bot",
    "commanderroot",
    "pretzelrocks",
    "stay_hydrated_bot",
    "streamlootsbot",
    "phantombot",
    "coebot",
    "deepbot",
    "xanbot",
    "ankhbot",
    "tipeeebot",
    "ohbot",
    "scottybot",
    "hnlbot",
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ModelChoice(_Section):
    """A model of one's own in one role of the analyser."""

    source: Annotated[str, Field(min_length=1)]
    """A local folder, or a name on the Hugging Face hub."""
    device: Annotated[str, Field(min_length=1)] = "cpu"
    """Where it runs, as torch names devices: ``cpu``, ``cuda``, ``cuda:1``, ``mps``."""
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    """The type of its weights."""
    batch_size: Positive = 32
    """Texts it reads in one pass."""


class Weights(_Section):
    """How much each member of the sentiment vote counts, if it has evidence."""

    bert: Fraction = 0.7
    """The neural model."""
    vader: Fraction = 0.1
    """The word lexicon."""
    emoji: Fraction = 1.0
    """Emoji, platform emotes and kaomoji."""


class SentimentSettings(_Section):
    """What ``AdvancedSentimentAnalyzer`` may be told."""

    models: Literal["bundled", "reference"] | Path | dict[ModelRole, ModelChoice | str] = "bundled"
    """``bundled``, ``reference``, an ``.onnx`` file of one's own, or a table by role."""
    device: Device = "cpu"
    """Where the bundled model runs; ``cuda`` needs torch with CUDA and the ``cuda`` extra."""
    vote: Literal["evidence", "weighted"] = "evidence"
    """Whether members' log-odds are added, or their scores averaged."""
    weights: Weights = Weights()
    toxicity_threshold: Fraction = 0.7
    """A message is toxic when a toxicity score other than that of obscenity exceeds this."""
    window_minutes: Annotated[float, Field(gt=0)] = 10.0
    """How far back trends and conversation context look."""
    history_per_user: Positive = 50
    """Messages of one user behind their trend."""
    history_global: Positive = 1000
    """Messages of the whole chat behind its trend."""
    max_users: Positive = 10_000
    """Users remembered for trends; the least recently seen is dropped first."""
    learn_emotes: bool = True
    """Let emotes come to mean what they are used for in this chat."""
    cache_size: Annotated[int, Field(ge=0)] = 16_384
    """Texts whose model output is kept."""
    threads: Positive = 2
    """Threads of the bundled model; see docs/explanation/performance.md for how it was chosen."""


class MemorySettings(_Section):
    """What ``NeuralMemorySystem`` may be told."""

    map_size_mb: Positive = 1024
    """Address space reserved at first; it grows by itself before the file is full."""
    short_term_capacity: Positive = 128
    """Memories in the working buffer; older ones become long-term or episodic."""
    consolidation_threshold: Fraction = 0.45
    """Score of ``0.6 importance + 0.4 tanh(recalls / 5)`` from which a memory becomes long-term."""
    decay_rate: Annotated[float, Field(gt=0.0, le=1.0)] = 0.995
    """Share of importance kept per day without recall, for a memory never recalled."""
    forget_below: Fraction = 0.05
    """Decayed importance under which ``consolidate`` forgets a memory."""
    merge_similar: bool = True
    """Count a line that a viewer repeats in almost the same words for the memory that says so already."""
    embedder: str = "bundled"
    """``bundled``, or a sentence-transformers model by hub name or folder."""
    summarizer: str = "extractive"
    """``extractive``, or a T5 model by hub name or folder."""


class AnalyticsSettings(_Section):
    """What ``StreamAnalyticsEngine`` may be told."""

    window_minutes: Annotated[float, Field(gt=0, le=180)] = 5.0
    """Length of the live window behind current metrics."""
    max_viewers: Positive = 50_000
    """Viewer profiles kept; the least recently seen is dropped first."""
    lateness_seconds: Annotated[float, Field(ge=0, le=86_400)] = 60.0
    """How far behind the newest message one may still arrive and be counted in its place."""
    bots: tuple[str, ...] = KNOWN_BOTS
    """User names never counted as viewers."""
    pretrained_predictor: bool = True
    """Whether a channel that trained no predictor may get the bundled one, where it proves better."""
    retrain_after_stream: bool = False
    """Whether the predictor is trained again by itself after a stream, once five hours of chat are new."""
    detect_bots: bool = True
    """Leave out accounts that behave like programs as well."""
    not_bots: tuple[str, ...] = ()
    """User names counted as viewers however they behave."""
    holidays: str | None = None
    """Country (ISO 3166 code, such as DE) whose holidays forecasts by Prophet know; None is no country."""

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, code: str | None) -> str | None:
        if code is not None:
            from holidays.utils import list_supported_countries  # a moment, and only if there is a country

            if code not in list_supported_countries():
                raise ValueError("give an ISO 3166 code such as DE")
        return code


class ExpressionSettings(_Section):
    """What Hikari may show, and what her avatar calls it."""

    table: Path | None = None
    """A TOML file that changes how feelings of the chat are answered, or what the avatar calls it."""
    hold_seconds: Annotated[float, Field(ge=2, le=60)] = 5.0
    """How long an expression is kept before another may take its place."""


class FeedSettings(_Section):
    """The WebSocket feed and the page that shows it."""

    host: str = "127.0.0.1"
    """Address to listen on; another than this machine's own opens the feed to the network."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8765
    """Port to listen on; 0 takes any that is free."""
    interval_seconds: Annotated[float, Field(gt=0)] = 0.5
    """Time between two deltas."""
    token: Annotated[SecretStr, Field(min_length=16)] | None = None
    """What a client has to know; needed as soon as others than this machine may come in."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the feed is reached, and origins of pages that may read it, beside our own."""
    compression: bool = False
    """Deflate each message: fewer bytes, for more processor time and memory."""
    max_connections: Positive = 8192
    """Connections at one time."""
    max_per_address: Positive = 128
    """Connections at one time from one address; one proxy is one address."""


class BridgeSettings(_Section):
    """What a worker of the Redis bridge may be told."""

    redis: SecretStr | None = None
    """Address of the Redis (``redis://:PASSWORD@HOST:6379/0``); None lets ``serve`` start one."""
    redis_port: Annotated[int, Field(ge=0, le=65535)] = 6379
    """Port of the Redis that ``serve`` starts where none is given; another if it is taken."""
    redis_memory_mb: Annotated[int, Field(ge=16)] = 1024
    """MiB that the Redis which ``serve`` starts may take; beyond, it refuses durable calls and loses none."""
    max_in_flight: Positive = 256
    """Calls answered at the same time; more are refused at once as overloaded."""
    max_channels: Positive = 16
    """Channels a worker opens because somebody calls; those it is started with count as well."""
    max_backlog: Positive = 20_000
    """Durable calls that wait for one channel beyond which it is told of; none is refused for it."""
    lease_seconds: Annotated[float, Field(ge=0.5, le=600)] = 10.0
    """How long a channel stays with a worker that is silent: after that another takes it."""
    checkpoint_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    """Time between two writings of the counts while durable calls come in; then they are acknowledged."""
    idle_minutes: Annotated[float, Field(gt=0)] = 60.0
    """Time after which a channel that nobody calls is closed."""
    share_readings: bool = True
    """Whether workers share what the model read, through Redis."""
    reading_seconds: Positive = 3600
    """How long a shared reading is kept."""


class PlatformSettings(_Section):
    """Where chats are, and the keys to them; a key is never shown or logged."""

    queue: Positive = 5000
    """Events of a chat that may wait to be read; beyond, the oldest messages are dropped and counted."""
    twitch_irc_url: Annotated[str, Field(pattern=r"^(ircs?|wss?)://")] = "ircs://irc.chat.twitch.tv:6697"
    """Twitch chat: ``ircs://`` (TLS), ``wss://`` (WebSocket), or without encryption ``irc://``, ``ws://``."""
    twitch_eventsub_url: Annotated[str, Field(pattern=r"^wss?://")] = "wss://eventsub.wss.twitch.tv/ws"
    """Twitch EventSub."""
    twitch_api_url: HttpUrl = "https://api.twitch.tv/helix"
    """Twitch's HTTP API."""
    twitch_client_id: str | None = None
    """Client id of an application of one's own; EventSub needs it."""
    twitch_token: SecretStr | None = None
    """User token with the scope ``user:read:chat``; EventSub needs it."""
    youtube_api_url: HttpUrl = "https://www.googleapis.com/youtube/v3"
    """YouTube's Data API."""
    youtube_api_key: SecretStr | None = None
    """API key for YouTube, or use a token."""
    youtube_token: SecretStr | None = None
    """OAuth token for YouTube; it goes before the key."""
    youtube_interval_seconds: Annotated[float, Field(ge=0)] = 10.0
    """Shortest time between two pages of chat; at 10 s the quota of a day lasts five and a half hours."""
    youtube_daily_quota: Positive = 10_000
    """Units of YouTube's quota that one run may use in 24 hours."""


class Settings(BaseSettings):
    """Settings of every part, one section each.

    Raises:
        ConfigError: a name is unknown or a value unfit; it carries the dotted path.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    data_dir: Path | None = None
    """Where state lives; None is the platform's folder for user data."""
    timezone: str = "UTC"
    """The streamer's zone (IANA name), for hours of the day."""
    sentiment: SentimentSettings = SentimentSettings()
    memory: MemorySettings = MemorySettings()
    analytics: AnalyticsSettings = AnalyticsSettings()
    expression: ExpressionSettings = ExpressionSettings()
    feed: FeedSettings = FeedSettings()
    bridge: BridgeSettings = BridgeSettings()
    platforms: PlatformSettings = PlatformSettings()

    def __init__(self, **values: Any) -> None:
        _check_variables()
        if os.environ.get(CONFIG_VARIABLE) and not os.path.exists(config_file()):  # noqa: PTH110  # never raises
            raise ConfigError(CONFIG_VARIABLE, f"there is no file {config_file()}")
        try:
            super().__init__(**values)
        except ValidationError as error:
            first = error.errors()[0]
            path = ".".join(str(part) for part in first["loc"])
            raise ConfigError(path, _hint(first["type"], first["msg"])) from error
        except (OSError, ValueError) as error:
            raise ConfigError(str(config_file()), str(error)) from error

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("give an IANA name such as Europe/Berlin") from error
        return name

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then variables, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    def channel_dir(self, channel: str) -> Path:
        """The folder that holds the state of ``channel``; not created here."""
        base = self.data_dir or Path(platformdirs.user_data_dir("hikari_ml"))
        return base / _file_name(channel)


def config_file() -> Path:
    """The TOML file settings are read from, whether or not it exists."""
    return Path(os.environ.get(CONFIG_VARIABLE) or "hikari.toml")


def _file_name(channel: str) -> str:
    """A folder name for ``channel``: readable where possible, unambiguous always, never a path."""
    name = "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):04x}" for c in channel.casefold())
    if len(name.encode()) <= 120:
        return name
    return f"{name[:40]}-{blake2b(channel.casefold().encode(), digest_size=8).hexdigest()}"


def _check_variables() -> None:
    for name in os.environ:
        if name.startswith(_PREFIX) and name != CONFIG_VARIABLE:
            path = name.removeprefix(_PREFIX).casefold().split("__")
            _check_path(Settings, path, ".".join(path), name)


def _check_path(section: type[BaseModel], path: list[str], dotted: str, variable: str) -> None:
    known = section.model_fields.get(path[0])
    if known is None:
        names = ", ".join(sorted(section.model_fields))
        raise ConfigError(dotted, f"{variable} names no setting; known here: {names}")
    if len(path) > 1 and isinstance(known.annotation, type):
        if not issubclass(known.annotation, BaseModel):
            raise ConfigError(dotted, f"{variable}: {path[0]} has no parts")
        _check_path(known.annotation, path[1:], dotted, variable)


def _hint(kind: str, message: str) -> str:
    return {"extra_forbidden": "no such setting", "tuple_type": "give a list"}.get(kind, message)
