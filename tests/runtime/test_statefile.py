"""What one run leaves to the next survives, or is put aside with a word."""

import msgpack
import pytest

from hikari_ml.errors import StoreError, StoreVersionError
from hikari_ml.runtime import statefile


def test_what_was_saved_is_loaded(tmp_path):
    path = tmp_path / "deep" / "analytics.msgpack"
    statefile.save(path, {"viewers": [["anna", 1.5]]}, 2)
    assert statefile.load(path, 2) == {"format": 2, "viewers": [["anna", 1.5]]}
    assert [p.name for p in path.parent.iterdir()] == ["analytics.msgpack"]


def test_nothing_saved_is_nothing(tmp_path):
    assert statefile.load(tmp_path / "none", 2) is None


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"\x93\x01\x02\x03", b"\x81\xa1x\x01"])
def test_a_damaged_file_is_put_aside_and_told_of(tmp_path, damage, caplog):
    path = tmp_path / "analytics.msgpack"
    path.write_bytes(damage)
    assert statefile.load(path, 2) is None
    assert (tmp_path / "analytics.msgpack.damaged").read_bytes() == damage
    assert "is damaged" in caplog.text


def test_any_bit_that_has_turned_is_damage(tmp_path):
    path = tmp_path / "analytics.msgpack"
    statefile.save(path, {"viewers": [["anna", 1.5, b"lines"]], "total": 7}, 2)
    whole = path.read_bytes()
    for place in range(len(whole) - len(b"\xa8checksum\xc4\x04____")):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert statefile.load(path, 2) is None, place
    path.write_bytes(whole)
    assert statefile.load(path, 2) == {"format": 2, "viewers": [["anna", 1.5, b"lines"]], "total": 7}


def test_what_was_written_before_there_were_checksums_is_read(tmp_path):
    path = tmp_path / "analytics.msgpack"
    path.write_bytes(msgpack.packb({"format": 1, "total": 7}))
    assert statefile.load(path, 2) == {"format": 1, "total": 7}


def test_a_newer_file_is_left_alone(tmp_path):
    path = tmp_path / "analytics.msgpack"
    statefile.save(path, {}, 99)
    with pytest.raises(StoreVersionError) as caught:
        statefile.load(path, 2)
    assert caught.value.found == 99
    assert path.exists()


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    path = tmp_path / "analytics.msgpack"
    statefile.save(path, {"a": 1}, 2)
    (tmp_path / "analytics.msgpack.tmp").mkdir()
    with pytest.raises(StoreError, match="cannot be written"):
        statefile.save(path, {"a": 2}, 2)
    assert statefile.load(path, 2)["a"] == 1


def test_a_file_that_cannot_be_read_is_a_clear_error(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        statefile.load(tmp_path / "folder", 2)


def test_half_a_character_keeps_nothing_from_being_saved(tmp_path):
    path = tmp_path / "analytics.msgpack"
    statefile.save(path, {"viewers": [["anna", {"\ud83d": 1.0}]], "metrics": {"x": [(1.0, 2.0)]}}, 2)
    found = statefile.load(path, 2)
    assert found["viewers"] == [["anna", {"\ud83d": 1.0}]]
    assert found["metrics"] == {"x": [[1.0, 2.0]]}


def test_what_was_put_aside_can_be_dropped(tmp_path):
    path = tmp_path / "analytics.msgpack"
    path.write_bytes(b"")
    statefile.load(path, 2)
    statefile.drop_aside(path)
    statefile.drop_aside(path)
    assert list(tmp_path.iterdir()) == []
