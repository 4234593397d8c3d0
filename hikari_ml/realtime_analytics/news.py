"""What becomes known while messages are counted, on its way to whoever wants to hear of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.dashboard import alert, moment
from hikari_ml.realtime_analytics.moments import Highlight

KEPT: Final = 200

Told = tuple[str, Mapping[str, Any]]
"""The kind, "moment" or "alert", and the result."""


class News:
    """The latest news until they are fetched; ``publish`` is called with each, if somebody listens."""

    def __init__(self) -> None:
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self.publish: Callable[[str, Mapping[str, Any]], None] | None = None

    def tell(self, found: Iterable[Raised | Highlight]) -> None:
        """Keep what became known, and publish it."""
        for one in found:
            kind, told = news_of(one)
            self._kept.append((kind, told))
            if self.publish is not None:
                self.publish(kind, told)

    def drain(self) -> list[Told]:
        """What became known since the last call."""
        kept = list(self._kept)
        self._kept.clear()
        return kept


def news_of(found: Raised | Highlight) -> Told:
    """What became known as a result."""
    return ("moment", moment(found)) if isinstance(found, Highlight) else ("alert", alert(found))
