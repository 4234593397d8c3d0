"""A chat source by its short name: ``twitch:NAME``, ``youtube:VIDEO``, ``jsonl:-``, ``replay:FILE``."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from hikari_ml.config import PlatformSettings, Settings
from hikari_ml.errors import ConfigError, InputError
from hikari_ml.platforms.source import ChatSource

KINDS: Final[Mapping[str, str]] = {
    "twitch": "twitch:CHANNEL",
    "eventsub": "eventsub:CHANNEL",
    "youtube": "youtube:VIDEO",
    "jsonl": "jsonl:FILE, or jsonl:- for standard input",
    "replay": "replay:FILE",
}
"""What a source can be opened as."""


def open_source(
    spec: str, settings: Settings, *, channel: str | None = None, url: str | None = None, speed: float = 1.0
) -> ChatSource:
    """The source that ``spec`` names; it connects when it is first read.

    ``channel`` names the chat of a file (else it is called as the file), ``url`` is where Twitch chat,
    EventSub's WebSocket or YouTube's API is in place of the setting, ``speed`` is that of a replay.

    Raises:
        InputError: ``spec`` names no source, or not what it needs to be opened.
        ConfigError: a setting that it needs is missing; its path says which.
    """
    kind, colon, rest = spec.partition(":")
    opener = _OPENERS.get(kind)
    if opener is None or not colon or not rest:
        raise InputError("source", spec, f"give one of {'; '.join(KINDS.values())}")
    return opener(_Wish(rest, settings.platforms, channel, url, speed))


@dataclass(frozen=True, slots=True)
class _Wish:
    """What somebody wants to open."""

    rest: str
    settings: PlatformSettings
    channel: str | None
    url: str | None
    speed: float


def _twitch(wish: _Wish) -> ChatSource:
    from hikari_ml.platforms.twitch import TwitchSource

    settings = wish.settings
    return TwitchSource(wish.rest, url=wish.url or settings.twitch_irc_url, capacity=settings.queue)


def _eventsub(wish: _Wish) -> ChatSource:
    from hikari_ml.platforms.eventsub import EventSubSource

    settings, token = wish.settings, _secret(wish.settings.twitch_token)
    if not settings.twitch_client_id:
        raise ConfigError("platforms.twitch_client_id", "EventSub needs the client id of your application")
    if not token:
        raise ConfigError("platforms.twitch_token", "EventSub needs a user token, scope user:read:chat")
    return EventSubSource(
        wish.rest,
        client_id=settings.twitch_client_id,
        token=token,
        url=wish.url or settings.twitch_eventsub_url,
        api_url=settings.twitch_api_url,
        capacity=settings.queue,
    )


def _youtube(wish: _Wish) -> ChatSource:
    from hikari_ml.platforms.youtube import YouTubeSource

    settings = wish.settings
    key, token = _secret(settings.youtube_api_key), _secret(settings.youtube_token)
    if not (key or token):
        raise ConfigError("platforms.youtube_api_key", "YouTube needs an API key, or youtube_token")
    return YouTubeSource(
        wish.rest,
        api_key=key,
        token=token,
        api_url=wish.url or settings.youtube_api_url,
        interval_seconds=settings.youtube_interval_seconds,
        daily_quota=settings.youtube_daily_quota,
        capacity=settings.queue,
    )


def _jsonl(wish: _Wish) -> ChatSource:
    from hikari_ml.platforms.jsonlines import STDIN, JsonLinesSource

    if wish.rest != STDIN:
        _check_there(wish.rest)
    name = wish.channel or ("default" if wish.rest == STDIN else _stem(wish.rest))
    return JsonLinesSource(wish.rest, name, capacity=wish.settings.queue)


def _replay(wish: _Wish) -> ChatSource:
    from hikari_ml.platforms.recorded import RecordedSource

    _check_there(wish.rest)
    name = wish.channel or _stem(wish.rest)
    return RecordedSource(wish.rest, name, speed=wish.speed, capacity=wish.settings.queue)


_OPENERS: Final[Mapping[str, Callable[[_Wish], ChatSource]]] = {
    "twitch": _twitch,
    "eventsub": _eventsub,
    "youtube": _youtube,
    "jsonl": _jsonl,
    "replay": _replay,
}


def _check_there(file: str) -> None:
    if not os.path.exists(file):  # noqa: PTH110  # it answers where Path raises: no right to look, too long a name
        raise InputError("source", file, "there is no such file")


def _stem(path: str) -> str:
    return Path(path).name.split(".")[0] or "default"


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None
