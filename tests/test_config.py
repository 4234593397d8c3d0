"""Settings come from arguments, variables and a file, and a wrong one is named by its path."""

import traceback

import pytest

from hikari_ml import Settings
from hikari_ml.errors import ConfigError


def test_defaults_need_nothing():
    settings = Settings(data_dir=None)
    assert settings.timezone == "UTC"
    assert settings.sentiment.weights.model_dump() == {"bert": 0.7, "vader": 0.1, "emoji": 1.0}
    assert settings.channel_dir("hikari").name == "hikari"


def test_arguments_win_over_variables_and_variables_over_the_file(monkeypatch, settings_file):
    settings_file.write_text('timezone = "Asia/Tokyo"\n[feed]\nport = 1111\nhost = "127.0.0.2"\n')
    monkeypatch.setenv("HIKARI_FEED__PORT", "2222")
    settings = Settings(timezone="Europe/Berlin")
    assert settings.timezone == "Europe/Berlin"
    assert settings.feed.port == 2222
    assert settings.feed.host == "127.0.0.2"


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"colour": 1}, "colour"),
        ({"memory": {"decay": 0.9}}, "memory.decay"),
        ({"memory": {"decay_rate": 2}}, "memory.decay_rate"),
        ({"sentiment": {"weights": {"bert": -1}}}, "sentiment.weights.bert"),
        ({"sentiment": {"weights": {"bert": float("nan")}}}, "sentiment.weights.bert"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"analytics": {"holidays": "Atlantis"}}, "analytics.holidays"),
        ({"feed": {"port": 70000}}, "feed.port"),
    ],
)
def test_a_wrong_setting_is_named_by_its_path(values, path):
    with pytest.raises(ConfigError) as caught:
        Settings(**values)
    assert caught.value.path == path


def test_an_unknown_variable_is_an_error_and_not_silence(monkeypatch):
    monkeypatch.setenv("HIKARI_FEED__PROT", "1")
    with pytest.raises(ConfigError, match="known here: allowed_hosts, compression, host, interval_seconds"):
        Settings()


def test_a_token_comes_from_a_variable_and_is_shown_nowhere(monkeypatch):
    monkeypatch.setenv("HIKARI_FEED__TOKEN", "correct horse battery")
    monkeypatch.setenv("HIKARI_FEED__ALLOWED_HOSTS", '["chat.example"]')
    settings = Settings()
    assert settings.feed.token.get_secret_value() == "correct horse battery"
    assert settings.feed.allowed_hosts == ("chat.example",)
    assert "horse" not in repr(settings) + str(settings.model_dump())
    monkeypatch.setenv("HIKARI_FEED__TOKEN", "too short")
    with pytest.raises(ConfigError, match="at least 16") as caught:
        Settings()
    assert "too short" not in "".join(traceback.format_exception(caught.value))


def test_a_part_of_a_plain_setting_is_an_error(monkeypatch):
    monkeypatch.setenv("HIKARI_TIMEZONE__X", "1")
    with pytest.raises(ConfigError, match="has no parts"):
        Settings()


def test_an_unknown_key_in_the_file_is_named(settings_file):
    settings_file.write_text("[analytics]\nwindow = 3\n")
    with pytest.raises(ConfigError) as caught:
        Settings()
    assert caught.value.path == "analytics.window"


def test_a_file_that_is_no_toml_names_the_file(settings_file):
    settings_file.write_text("timezone = \n")
    with pytest.raises(ConfigError, match=r"hikari\.toml"):
        Settings()


@pytest.mark.parametrize("channel", ["../../etc", "a/b", "C:\\x", "é ü", "x" * 200, "日本語"])
def test_a_channel_name_never_leaves_the_data_folder(channel, tmp_path):
    folder = Settings(data_dir=tmp_path).channel_dir(channel)
    assert folder.parent == tmp_path
    folder.mkdir()
    assert folder.resolve().parent == tmp_path.resolve()


def test_two_channels_never_share_a_folder(tmp_path):
    settings = Settings(data_dir=tmp_path)
    names = ["a b", "a_b", "a%b", "a0020b", "ab", "x" * 199, "x" * 200]
    assert len({settings.channel_dir(name) for name in names}) == len(names)


def test_holidays_are_those_of_a_country():
    assert Settings(analytics={"holidays": "DE"}).analytics.holidays == "DE"
    assert Settings().analytics.holidays is None


def test_a_file_that_is_named_has_to_be_there(settings_file, monkeypatch):
    with pytest.raises(ConfigError, match=r"HIKARI_CONFIG.*there is no file"):
        Settings()
    settings_file.touch()
    Settings()
    monkeypatch.setenv("HIKARI_CONFIG", "x" * 300)
    with pytest.raises(ConfigError, match="there is no file"):
        Settings()


def test_no_name_of_a_file_names_none(monkeypatch, tmp_path):
    monkeypatch.setenv("HIKARI_CONFIG", "")
    monkeypatch.chdir(tmp_path)
    assert Settings().timezone == "UTC"
