"""Bytes as they come, cut into lines; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class LineBuffer:
    """Collects bytes and gives out whole lines, without their ends.

    A line longer than ``limit`` bytes is never held: it comes out as None, once, when its end comes. Cutting
    happens on bytes, so a code point that is split between two reads is whole again in its line.
    """

    limit: int
    _rest: bytes = b""
    _skipping: bool = False

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """The lines that ``data`` completes."""
        *lines, rest = (self._rest + data).split(b"\n")
        skipping, self._skipping = self._skipping, False
        self._rest = rest
        if len(rest) > self.limit or (skipping and not lines):
            self._rest, self._skipping = b"", True
        for line in lines:
            yield None if skipping or len(line) > self.limit else line.removesuffix(b"\r")
            skipping = False

    def end(self) -> Iterator[bytes | None]:
        """The last line, if it has no end."""
        if self._skipping:
            yield None
        elif self._rest:
            yield self._rest
        self._rest, self._skipping = b"", False
