"""What is counted is plain, so that any page can show it."""

from dataclasses import asdict
from typing import get_args

import msgpack

from hikari_ml.feed.counting import ChannelCounts, Refusal, ServerCounts


def test_counts_are_plain_numbers_from_nought():
    assert set(asdict(ChannelCounts()).values()) == {0}
    counts = ServerCounts()
    for reason in get_args(Refusal):
        counts.refused[reason] += 1
    assert msgpack.unpackb(msgpack.packb(counts.refused)) == dict.fromkeys(get_args(Refusal), 1)
