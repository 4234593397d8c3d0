"""Places in the durable calls of a channel, by which one that comes again is known to be done.

The entries of a stream are numbered by the clock of its Redis. A stream that is made anew, after Redis lost
what it had or when an idle channel is called again, may begin with lower numbers than the one before: so each
has a name, its epoch, and a position is an epoch and an entry.
"""

from __future__ import annotations


def position(epoch: str, entry: bytes) -> str:
    """The place of ``entry`` in the stream of this ``epoch``."""
    return f"{epoch}/{entry.decode()}"


def is_kept(place: str, kept: str | None, epoch: str) -> bool:
    """Whether counts that were kept at ``kept`` hold what stands at ``place``.

    ``epoch`` is that of the stream as it is. Of an earlier stream everything was kept: it is deleted only
    when nothing in it waits.
    """
    place_epoch, _, entry = place.rpartition("/")
    if place_epoch != epoch:
        return True
    kept_epoch, _, last = (kept or "").rpartition("/")
    return kept_epoch == epoch != "" and _order(last) >= _order(entry)


def _order(entry: str) -> tuple[int, int]:
    milliseconds, _, number = entry.partition("-")
    return int(milliseconds), int(number or 0)
