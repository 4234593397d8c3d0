"""A source is opened by its short name, and what is missing is named."""

import pytest

from hikari_ml import Settings
from hikari_ml.errors import ConfigError, InputError
from hikari_ml.platforms.eventsub import EventSubSource
from hikari_ml.platforms.jsonlines import JsonLinesSource
from hikari_ml.platforms.opening import KINDS, open_source
from hikari_ml.platforms.recorded import RecordedSource
from hikari_ml.platforms.twitch import TwitchSource
from hikari_ml.platforms.youtube import YouTubeSource

KEYS = {"twitch_client_id": "app", "twitch_token": "t", "youtube_api_key": "k"}


@pytest.fixture
def files(tmp_path, monkeypatch):
    for name in ("chat.x.jsonl", "evening.jsonl.gz"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("spec", "kind", "channel"),
    [
        ("twitch:Hikari", TwitchSource, "hikari"),
        ("eventsub:hikari", EventSubSource, "hikari"),
        ("youtube:dQw4", YouTubeSource, "dQw4"),
        ("jsonl:-", JsonLinesSource, "default"),
        ("jsonl:chat.x.jsonl", JsonLinesSource, "chat"),
        ("replay:evening.jsonl.gz", RecordedSource, "evening"),
    ],
)
def test_every_kind(files, spec, kind, channel):
    source = open_source(spec, Settings(platforms=KEYS))
    assert (type(source), source.channel) == (kind, channel)
    assert source.name.casefold() == spec.casefold()
    assert spec.partition(":")[0] in KINDS


def test_files_can_be_called_otherwise(files):
    assert open_source("jsonl:-", Settings(), channel="hikari").channel == "hikari"
    assert open_source("replay:evening.jsonl.gz", Settings(), channel="hikari", speed=5).channel == "hikari"


@pytest.mark.parametrize("spec", ["jsonl:gone.jsonl", "replay:gone.jsonl", f"replay:{'x' * 300}gone.jsonl"])
def test_a_file_that_is_not_there_is_named(files, spec):
    with pytest.raises(InputError, match="there is no such file"):
        open_source(spec, Settings(), channel="hikari")


@pytest.mark.parametrize("spec", ["", "twitch", "twitch:", ":x", "kick:x", "hikari"])
def test_what_names_no_source(spec):
    with pytest.raises(InputError, match="twitch:CHANNEL; eventsub:CHANNEL"):
        open_source(spec, Settings())


@pytest.mark.parametrize(
    ("spec", "settings", "path"),
    [
        ("eventsub:x", {}, "platforms.twitch_client_id"),
        ("eventsub:x", {"twitch_client_id": "app"}, "platforms.twitch_token"),
        ("eventsub:x", {"twitch_client_id": "app", "twitch_token": ""}, "platforms.twitch_token"),
        ("youtube:x", {}, "platforms.youtube_api_key"),
    ],
)
def test_what_is_missing_is_named(spec, settings, path):
    with pytest.raises(ConfigError) as caught:
        open_source(spec, Settings(platforms=settings))
    assert caught.value.path == path


def test_keys_are_never_shown(monkeypatch):
    monkeypatch.setenv("HIKARI_PLATFORMS__TWITCH_TOKEN", "xyzzy")
    settings = Settings()
    assert settings.platforms.twitch_token.get_secret_value() == "xyzzy"
    assert "xyzzy" not in repr(settings) + str(settings.model_dump()) + settings.model_dump_json()


@pytest.mark.parametrize("name", ["twitch_irc_url", "twitch_eventsub_url", "youtube_api_url"])
def test_addresses_are_checked(name):
    with pytest.raises(ConfigError, match=f"platforms.{name}"):
        Settings(platforms={name: "ftp://x"})
