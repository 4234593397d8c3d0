"""Who may come in: Host and Origin against foreign pages and rebound names, and a token; pure.

A page of another site can make a browser connect to this machine, and a name that somebody else owns can be
made to point at it. CORS does not hold for WebSockets (RFC 6455, section 10.2), so both headers are read.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from hikari_ml.errors import InputError

LOOPBACK_NAMES: Final = frozenset({"localhost"})


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """The rules of one port. ``allowed`` holds host names or origins; ``null`` is that of a page from a file.

    Raises:
        InputError: others than this machine may come in, and no token keeps them out.
    """

    host: str
    token: str | None = None
    allowed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.token is None and not (is_loopback(self.host) and all(map(is_loopback, self.names))):
            what = f"who listens at {self.host!r}" if not self.names else "who allows other hosts"
            hint = f"{what} needs one: set feed.token or HIKARI_FEED__TOKEN, 16 characters or more"
            raise InputError("token", None, hint)

    @property
    def names(self) -> frozenset[str]:
        """The host names that are allowed beside this machine's own."""
        return frozenset(name for entry in self.allowed if (name := host_of(entry)) is not None)

    def admits(self, hosts: Sequence[str], origins: Sequence[str]) -> bool:
        """Whether a request with these Host and Origin headers may go on."""
        if len(hosts) != 1 or len(origins) > 1:
            return False
        host = host_of(hosts[0])
        if host is None or not self._is_ours(host):
            return False
        if not origins or origins[0] in self.allowed:
            return True
        origin = host_of(origins[0]) if "://" in origins[0] else None
        return origin is not None and (origin == host or origin in self.names)

    def knows(self, token: object) -> bool:
        """Whether ``token`` is the right one, told in a time that does not tell how much of it is."""
        if self.token is None:
            return True
        given = token.encode("utf-8", "replace") if isinstance(token, str) else b""
        return hmac.compare_digest(given, self.token.encode())

    def knows_bearer(self, authorization: Sequence[str]) -> bool:
        """Whether the Authorization headers of a request carry the token (RFC 6750)."""
        if self.token is None:
            return True
        scheme, _, given = (authorization[0] if len(authorization) == 1 else "").partition(" ")
        return self.knows(given.strip()) and scheme.lower() == "bearer"

    def _is_ours(self, host: str) -> bool:
        """A number cannot be rebound; a name has to be known, and only this machine's is by itself."""
        if is_loopback(host) or host in self.names:
            return True
        return not is_loopback(self.host) and _address(host) is not None


def host_of(entry: str) -> str | None:
    """The host in an origin, a Host header or a bare name, in lower case; None if there is none."""
    try:
        return urlsplit(entry if "://" in entry else f"//{entry}").hostname
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine alone."""
    address = _address(host.strip("[]"))
    return host.lower() in LOOPBACK_NAMES if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
