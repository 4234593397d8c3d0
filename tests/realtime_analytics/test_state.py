"""What one stream leaves to the next survives, or is put aside with a word."""

import pytest

from hikari_ml.errors import StoreError, StoreVersionError
from hikari_ml.realtime_analytics import state


def test_what_was_saved_is_loaded(tmp_path):
    path = tmp_path / "deep" / "analytics.msgpack"
    state.save(path, {"viewers": [["anna", 1.5]]})
    assert state.load(path) == {"format": state.FORMAT, "viewers": [["anna", 1.5]]}
    assert [p.name for p in path.parent.iterdir()] == ["analytics.msgpack"]


def test_nothing_saved_is_nothing(tmp_path):
    assert state.load(tmp_path / "none") is None


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1x\x01"])
def test_a_damaged_file_is_put_aside_and_told_of(tmp_path, damage, caplog):
    path = tmp_path / "analytics.msgpack"
    path.write_bytes(damage)
    assert state.load(path) is None
    assert (tmp_path / "analytics.msgpack.damaged").read_bytes() == damage
    assert "is damaged" in caplog.text


def test_a_newer_file_is_left_alone(tmp_path):
    path = tmp_path / "analytics.msgpack"
    state.save(path, {})
    path.write_bytes(path.read_bytes().replace(b"\xa6format\x02", b"\xa6format\x63"))
    with pytest.raises(StoreVersionError) as caught:
        state.load(path)
    assert caught.value.found == 99
    assert path.exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "analytics.msgpack"
    state.save(path, {"a": 1})
    (tmp_path / "analytics.msgpack.tmp").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        state.save(path, {"a": 2})
    assert state.load(path)["a"] == 1


def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        state.load(tmp_path / "folder")


def test_half_a_character_keeps_nothing_from_being_saved(tmp_path):
    path = tmp_path / "analytics.msgpack"
    state.save(path, {"viewers": [["anna", {"\ud83d": 1.0}]], "metrics": {"x": [(1.0, 2.0)]}})
    found = state.load(path)
    assert found["viewers"] == [["anna", {"\ud83d": 1.0}]]
    assert found["metrics"] == {"x": [[1.0, 2.0]]}
