"""Where a model that was brought in is to be looked for: on this machine, or on the Hugging Face hub too."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HUB_SECONDS: Final = 5.0
"""How long the hub may take to answer at all; its own client would try again for most of a minute."""


def only_here(source: str) -> bool:
    """Whether ``source`` can come from this machine alone: a folder, or a name while the hub is out of reach.

    A hub name that was downloaded before is still found then, in the hub's cache.
    """
    import httpx
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE or Path(source).is_dir():
        return True
    try:
        httpx.head(constants.ENDPOINT, timeout=HUB_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL):
        return True
    return False
