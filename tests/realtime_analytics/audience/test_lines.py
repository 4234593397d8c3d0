"""A viewer's latest lines in few bytes."""

import math
import struct

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.audience.lines import KEPT, Line, Lines
from hikari_ml.realtime_analytics.features import digest, measure
from tests.support import at


def line(text, second=0.0):
    return Line.of(measure("anna", text, at(second), None, (), 0))


@given(st.lists(st.tuples(st.floats(0, 2e9), st.booleans(), st.booleans()), max_size=60))
def test_the_latest_come_back_as_they_were(said):
    lines = Lines()
    for second, engages, short in said:
        lines.add(Line(second, digest(str(second)), engages + 2 * short, 0.5))
    assert [(x.at, x.engages, x.short) for x in lines] == said[-KEPT:]
    assert len(lines.packed) == 21 * min(len(said), KEPT)


def test_repeats_and_rate_look_back_so_far():
    lines = Lines()
    for second in (0, 10, 50, 100):
        lines.add(line("buy this", second))
    lines.add(line("other", 105))
    moment = at(110).timestamp()
    assert lines.repeats(digest("buy this"), moment) == 3 + 1
    assert lines.repeats(digest("buy this"), moment, 60) == 1
    assert lines.repeats(digest("never said"), moment) == 0
    assert lines.rate(moment) == 2
    assert lines.times(digest("buy this")) == 4


def test_taking_one_of_two_equal_lines_out_leaves_the_other():
    lines = Lines()
    lines.add(line("gg"))
    lines.add(line("gg"))
    lines.remove(line("gg"))
    lines.remove(line("nothing"))
    assert len(lines) == 1


def test_lines_of_the_second_format_are_read():
    (found,) = Lines.of_older(struct.pack("<d8s?", 5.0, b"12345678", True))
    assert (found.at, found.engages, found.short) == (5.0, True, True)
    assert math.isnan(found.mood)
