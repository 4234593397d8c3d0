"""Rows of what is kept for long, deflated (RFC 1951) against what records have in common.

A record is too short for what it repeats to be found in itself, so most of what deflating saves comes from
:data:`COMMON`. That is part of the format of a store, and must never change within one.
"""

from __future__ import annotations

import zlib
from typing import Final

DEFLATED: Final = b"\xc1"
"""How a deflated row begins; no MessagePack does."""

MOST: Final = 1 << 26
"""Bytes of a row at most: a row that would be longer was made to fill the memory of who reads it."""

LEVEL: Final = 9
RAW: Final = -zlib.MAX_WBITS

COMMON: Final = (
    b"names mentions \xabaddressed to disgust fear sadness surprise anger incident\xb1answers a question"
    b" because people really think about would should could there their what when where will your youtube"
    b" don't like game stream today please thank sorry great love my favourite is I have a I work as"
    b" I live in I am the and you that this with from says of themselves: likes dislikes has plays"
    b" favourite game is \xb5message to the streamer\xacstreamer\xa8question\xacconversation"
    b"\xa7twitch:\xa5about"
    b"\xa6anger\xa7sadness\xabinteraction\xa4fact\x86\xa4user\xa7channel\xa7default\xa7emotion\xa7neutral"
    b"\xa7emotion\xa3joy\xa3why\x92\xa4asks\xa9feels joy\xadfirst message\xaamessage_id\xd9$"
    b"\x9d\xb4mem-\xcb?\xe0\x00\x00\x00\x00\x00\x00\xcb?\xe3333333\xcb?\xd9\x99\x99\x99\x99\x99\x9a"
    b"\xa9long_term\xcf\x00\x00\x01\x9b\xcf\x00\x00\x01\x9a\xcf\x00\x00\x01\x99\x00\x01\x00\xcb?\x90"
)


def deflated(row: bytes) -> bytes:
    """``row`` in fewer bytes, or as it is where it would not have fewer or is too long to be inflated."""
    if len(row) > MOST:
        return row
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW, zdict=COMMON)
    smaller = DEFLATED + packer.compress(row) + packer.flush()
    return smaller if len(smaller) < len(row) else row


def inflated(row: bytes) -> bytes:
    """What :func:`deflated` was given.

    Raises:
        ValueError: the row is damaged, or longer than ``MOST`` bytes.
    """
    if not row.startswith(DEFLATED):
        return row
    unpacker = zlib.decompressobj(RAW, zdict=COMMON)
    try:
        whole = unpacker.decompress(row[len(DEFLATED) :], MOST)
    except zlib.error as error:
        raise ValueError(f"cannot be inflated: {error}") from error
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("ends too early, or too late")
    return whole
