"""How much one address and all of them may do; pure, in seconds of any clock that never runs back."""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import Final

ADDRESSES_KEPT: Final = 4096
"""Addresses whose budgets are remembered; the one longest unheard of is forgotten first."""


@dataclass(slots=True)
class Bucket:
    """A token bucket: ``burst`` at once, ``per_second`` again and again."""

    per_second: float
    burst: float
    _left: float | None = None
    _at: float = 0.0

    def take(self, now: float, amount: float = 1.0) -> bool:
        """Use some up; False if there is not so much."""
        if not self.has(now, amount):
            return False
        assert self._left is not None
        self._left -= amount
        return True

    def has(self, now: float, amount: float = 1.0) -> bool:
        """Whether there is so much."""
        left = self.burst if self._left is None else self._left + (now - self._at) * self.per_second
        self._left, self._at = min(left, self.burst), now
        return self._left >= amount


@dataclass(slots=True)
class Buckets:
    """A bucket for each address."""

    per_second: float
    burst: float
    _known: OrderedDict[str, Bucket] = field(default_factory=OrderedDict)

    def of(self, address: str) -> Bucket:
        """The bucket of ``address``."""
        bucket = self._known.get(address)
        if bucket is None:
            bucket = self._known[address] = Bucket(self.per_second, self.burst)
            if len(self._known) > ADDRESSES_KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(address)
        return bucket


@dataclass(slots=True)
class Places:
    """Connections at one time, in all and of one address."""

    total: int
    per_address: int
    taken: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def enter(self, address: str) -> bool:
        """Take a place; False if there is none."""
        if self.count >= self.total or self.taken[address] >= self.per_address:
            return False
        self.count += 1
        self.taken[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Give it back."""
        self.count -= 1
        self.taken[address] -= 1
        if not self.taken[address]:
            del self.taken[address]


def same_source(host: str) -> str:
    """What stands for everything one host can call itself: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
