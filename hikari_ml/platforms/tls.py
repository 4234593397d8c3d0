"""The certificates that servers are checked against, loaded once and away from the event loop."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from typing import Final

SECURE: Final = ("https", "wss", "ircs")


@cache
def context() -> ssl.SSLContext:
    """What this machine trusts; ``SSL_CERT_FILE`` names other certificates."""
    return ssl.create_default_context()


async def context_for(url: str) -> ssl.SSLContext | None:
    """The context for an address that is encrypted; None for one that is not."""
    if url.partition(":")[0] not in SECURE:
        return None
    return await asyncio.to_thread(context)
