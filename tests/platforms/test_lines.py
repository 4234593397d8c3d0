"""Lines come out whole however their bytes come in, and an endless one is not held."""

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.platforms.lines import LineBuffer


def test_a_line_that_is_too_long_comes_out_as_none_once():
    lines = LineBuffer(10)
    assert list(lines.feed(b"short\r\n" + b"x" * 50)) == [b"short"]
    assert list(lines.feed(b"x" * 50)) == []
    assert len(lines._rest) == 0
    assert list(lines.feed(b"end\nnext\n")) == [None, b"next"]
    assert list(lines.feed(b"y" * 11 + b"\nz\n")) == [None, b"z"]


def test_the_last_line_needs_no_end():
    lines = LineBuffer(10)
    assert list(lines.feed(b"a\nb")) == [b"a"]
    assert list(lines.end()) == [b"b"]
    assert list(lines.end()) == []
    assert list(lines.feed(b"x" * 11)) == []
    assert list(lines.end()) == [None]


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))), st.data())
def test_cutting_anywhere_changes_nothing(texts, data):
    whole = "".join(f"{text}\r\n" for text in texts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    lines, found = LineBuffer(1000), []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += lines.feed(whole[start:end])
    assert found == [text.encode() if len(text.encode()) + 1 <= 1000 else None for text in texts]
