"""What is done is known by its place, and only in the stream that it stood in."""

from hikari_ml.bridge.positions import is_kept, position


def test_places_of_one_stream_are_in_order():
    kept = position("a", b"100-2")
    assert is_kept("a/100-2", kept, "a")
    assert is_kept("a/99-7", kept, "a")
    assert not is_kept("a/100-10", kept, "a")
    assert not is_kept("a/101-0", kept, "a")


def test_what_was_kept_of_another_stream_says_nothing_of_this_one():
    for kept in ("old/999-0", "999-0", None, ""):
        assert not is_kept("new/1-0", kept, "new")


def test_of_an_earlier_stream_everything_was_kept():
    assert is_kept("old/999-0", "new/1-0", "new")
    assert is_kept("old/999-0", None, "new")
