"""YouTube live chat, by the official API (``liveChatMessages.list``)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from hikari_ml.chat import ChatMessage, StreamState, ViewerCount
from hikari_ml.errors import HikariError, InputError, SourceError
from hikari_ml.platforms.rest import Refused, Rest
from hikari_ml.platforms.source import CAPACITY, FIRST_PAUSE, LiveSource, LostConnection, RecentIds
from hikari_ml.platforms.youtube_items import ENDED, items_of, polling_seconds, read_item

API_URL: Final = "https://www.googleapis.com/youtube/v3"
LIST_UNITS: Final = 5
"""Quota of one page of chat; looking a video up takes one unit."""

DAILY_QUOTA: Final = 10_000
"""Units Google gives a project a day unless it asks for more."""

INTERVAL_SECONDS: Final = 10.0
"""Shortest time between two pages: a day's quota then lasts five and a half hours."""

DAY_SECONDS: Final = 86_400.0
VIEWERS_SECONDS: Final = 60.0
"""Time between two looks at the viewer count and the title."""

PAGE: Final = "2000"
TEMPORARY: Final = ("rateLimitExceeded", "userRateLimitExceeded", "backendError")


@dataclass(slots=True)
class Quota:
    """Units used in the last day, of at most ``limit``; pure: the caller brings the time."""

    limit: int
    used: int = 0
    _since: float | None = field(default=None)

    def spend(self, units: int, now: float) -> bool:
        """Count ``units``; False, and nothing counted, where they would be too many."""
        if self._since is None or now - self._since >= DAY_SECONDS:
            self._since, self.used = now, 0
        if self.used + units > self.limit:
            return False
        self.used += units
        return True


class YouTubeSource(LiveSource):
    """The live chat of the video ``video`` on YouTube.

    ``api_key`` or an OAuth ``token`` is needed. What had been said before (the first page) is marked as
    history. A page is asked for as often as YouTube allows, but not before ``interval_seconds``.
    ``quota.used`` counts the units it took; ``daily_quota`` of them in 24 hours are the most.

    Raises:
        InputError: neither key nor token is given.
        SourceError (on iterating): the key is refused, the quota used up, or the video is not live.
    """

    def __init__(
        self,
        video: str,
        *,
        api_key: str | None = None,
        token: str | None = None,
        api_url: str = API_URL,
        interval_seconds: float = INTERVAL_SECONDS,
        daily_quota: int = DAILY_QUOTA,
        capacity: int = CAPACITY,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        super().__init__(f"youtube:{video}", video, capacity=capacity, first_pause=first_pause)
        if not (api_key or token):
            raise InputError("api_key", None, "YouTube needs an API key or a token")
        self._api_url = api_url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {"X-Goog-Api-Key": str(api_key)}
        self.quota = Quota(daily_quota)
        self._interval = interval_seconds
        self._seen = RecentIds()
        self._chat: str | None = None
        self._page: str | None = None
        self._looked: float | None = None
        self._told: StreamState | None = None

    async def _run(self) -> None:
        try:
            await super()._run()
        except _ChatEnded:
            self.tell(StreamState(datetime.now(UTC), live=False, channel=self.channel))

    async def _session(self) -> None:
        async with Rest(self._api_url, self._headers) as api:
            try:
                await self._look(api)
                seconds = await self._poll(api, begins=True)
                while True:
                    await asyncio.sleep(seconds)
                    if _now() - (self._looked or 0.0) >= VIEWERS_SECONDS:
                        await self._look(api)
                    seconds = await self._poll(api)
            except Refused as refused:
                self._refused(refused)

    async def _look(self, api: Rest) -> None:
        """Look up the chat of the video, its viewer count and its title."""
        answer = await self._ask(api, 1, "/videos", part="liveStreamingDetails,snippet", id=self.channel)
        self._looked = _now()
        video = next((item for item in items_of(answer) if isinstance(item, dict)), None)
        if video is None:
            raise SourceError(self.name, "YouTube knows no such video")
        live, snippet = (_part(video, name) for name in ("liveStreamingDetails", "snippet"))
        chat = live.get("activeLiveChatId")
        if self._chat is None and not isinstance(chat, str):
            raise SourceError(self.name, "this video has no live chat now")
        self._chat = chat if isinstance(chat, str) else self._chat
        self._tell_about(live.get("concurrentViewers"), snippet.get("title"))

    def _tell_about(self, viewers: object, title: object) -> None:
        now = datetime.now(UTC)
        if isinstance(viewers, str) and viewers.isascii() and viewers.isdecimal() and len(viewers) < 12:
            self.tell(ViewerCount(now, float(viewers), channel=self.channel))
        state = StreamState(
            now, live=True, title=title if isinstance(title, str) else None, channel=self.channel
        )
        if self._told is None or self._told.title != state.title:
            self.tell(state)
            self._told = state

    async def _poll(self, api: Rest, *, begins: bool = False) -> float:
        """Tell what the next page holds; returns the seconds to wait for the one after it.

        The first page of all is history, also where YouTube has forgotten which was the last one.
        """
        query = {"liveChatId": self._chat or "", "part": "id,snippet,authorDetails", "maxResults": PAGE}
        is_first = self._page is None
        if self._page is not None:
            query["pageToken"] = self._page
        answer = await self._ask(api, LIST_UNITS, "/liveChat/messages", **query)
        if begins:
            self._connected(missed=is_first)
        for number, item in enumerate(items_of(answer), start=1):
            self._take(item, is_history=is_first)
            if number % 100 == 0:  # a page may hold two thousand, and others want their turn
                await asyncio.sleep(0)
        following = answer.get("nextPageToken")
        self._page = following if isinstance(following, str) else None
        if self._page is None or answer.get("offlineAt"):
            raise _ChatEnded
        return max(self._interval, polling_seconds(answer))

    def _take(self, item: object, *, is_history: bool) -> None:
        try:
            if not isinstance(item, dict):
                raise InputError("item", item, "YouTube sends objects here")
            if _part(item, "snippet").get("type") == ENDED:
                raise _ChatEnded
            event = read_item(item, self.channel, datetime.now(UTC), is_history=is_history)
        except HikariError as error:
            self.counts.bad(str(error))
            return
        if event is None:
            self.counts.ignored += 1
        elif isinstance(event, ChatMessage) and not self._seen.is_new(str(event.id)):
            self.counts.duplicates += 1
        else:
            self.tell(event)

    async def _ask(self, api: Rest, units: int, path: str, **query: str) -> dict[str, Any]:
        if not self.quota.spend(units, _now()):
            raise SourceError(
                self.name, f"the {self.quota.limit:,} units of platforms.youtube_daily_quota are used"
            )
        return await api.get(path, **query)

    def _refused(self, refused: Refused) -> None:
        """Say what a refusal means: the end, a pause, or a page that is to be asked for anew."""
        if refused.reason in TEMPORARY:
            raise LostConnection(str(refused), 30.0) from refused
        if refused.reason in ("liveChatEnded", "liveChatNotFound", "liveChatDisabled"):
            raise _ChatEnded from refused
        if self._page is not None and refused.reason in ("pageTokenInvalid", "invalidPageToken"):
            self._page = None
            raise LostConnection("YouTube has forgotten where we were") from refused
        if refused.reason in ("quotaExceeded", "dailyLimitExceeded"):
            raise SourceError(self.name, f"the project's quota is used up ({refused})") from refused
        raise SourceError(self.name, f"YouTube refuses: {refused}") from refused


class _ChatEnded(Exception):  # noqa: N818  # it is how every stream ends
    """The stream is over, and its chat with it."""


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = found.get(name)
    return inner if isinstance(inner, dict) else {}


def _now() -> float:
    return asyncio.get_running_loop().time()
