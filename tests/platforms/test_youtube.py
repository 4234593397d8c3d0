"""YouTube's chat from a local server that answers as the Data API does."""

import logging
from contextlib import asynccontextmanager

import pytest

from hikari_ml.chat import ChatMessage, MessageDeleted, SourceState, StreamState, ViewerCount
from hikari_ml.errors import InputError, SourceError
from hikari_ml.platforms import youtube
from hikari_ml.platforms.youtube import Quota, YouTubeSource
from tests.platforms.servers import http_server, until
from tests.platforms.youtube import item, text_item

KEY = "secret-key-xyzzy"


class Api:
    """The Data API as far as a live chat needs it: ``pages`` are answered one after another."""

    def __init__(self, *pages):
        self.pages = list(pages)
        self.requests = []
        self.video = {
            "liveStreamingDetails": {"activeLiveChatId": "chat-1", "concurrentViewers": "123"},
            "snippet": {"title": "an evening"},
        }

    def __call__(self, request):
        self.requests.append(request)
        if (
            request.headers.get("x-goog-api-key") != KEY
            and request.headers.get("authorization") != "Bearer t"
        ):
            return 400, {"error": {"code": 400, "message": "bad key", "errors": [{"reason": "badRequest"}]}}
        if request.path == "/videos":
            return 200, {"items": [self.video] if self.video else []}
        assert request.path == "/liveChat/messages"
        return self.pages.pop(0) if self.pages else page()

    @property
    def tokens(self):
        return [request.query.get("pageToken") for request in self.requests if "liveChatId" in request.query]


def page(*items, token="next", wait=1000, **more):
    return 200, {"pollingIntervalMillis": wait, "nextPageToken": token, "items": list(items), **more}


def deletion(number):
    return item("messageDeletedEvent", "d", messageDeletedDetails={"deletedMessageId": number})


def error(status, reason):
    return status, {"error": {"code": status, "message": "no", "errors": [{"reason": reason}]}}


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    monkeypatch.setattr("hikari_ml.platforms.youtube_items.SHORTEST_PAUSE", 0.01)


@asynccontextmanager
async def watching(api, **more):
    given = {"api_key": KEY, "interval_seconds": 0.0, "first_pause": 0.001, **more}
    async with http_server(api) as url, YouTubeSource("video", api_url=url, **given) as source:
        yield source


def says(text):
    return lambda event: isinstance(event, ChatMessage) and event.text == text


async def test_what_was_said_before_is_history_and_pages_follow_each_other():
    api = Api(
        page(text_item("before", "m-1"), token="a", wait=10),
        page(text_item("now", "m-2"), deletion("m-1"), token="b", wait=10),
        page(text_item("now", "m-2"), text_item("end", "m-3")),
    )
    async with watching(api) as source:
        events = await until(source, says("end"))
    kinds = [type(event) for event in events]
    assert kinds == [
        ViewerCount,
        StreamState,
        SourceState,
        ChatMessage,
        ChatMessage,
        MessageDeleted,
        ChatMessage,
    ]
    assert [event.is_history for event in events if isinstance(event, ChatMessage)] == [True, False, False]
    assert (events[0].value, events[1].title, events[1].live) == (123.0, "an evening", True)
    assert api.tokens[:3] == [None, "a", "b"]
    assert source.counts.duplicates == 1
    assert source.quota.used >= 1 + 3 * 5


async def test_the_pause_is_youtubes_own(monkeypatch):
    pauses, sleep = [], youtube.asyncio.sleep

    async def noted(seconds):
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(youtube.asyncio, "sleep", noted)
    api = Api(page(wait=7000), page(wait=3000), page(text_item("end", "m")))
    async with watching(api, interval_seconds=4.0) as source:
        await until(source, says("end"))
    assert pauses[:2] == [7.0, 4.0]


async def test_the_key_stands_in_no_address_and_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    api = Api(page(text_item("x", "m")))
    async with watching(api) as source:
        await until(source, says("x"))
    assert all(KEY not in str(request.query) for request in api.requests)
    assert KEY not in "".join(
        r.getMessage() for r in caplog.records if r.name.startswith(("hikari", "httpx"))
    )
    assert KEY not in repr(source)


async def test_a_token_goes_before_a_key():
    api = Api(page(text_item("x", "m")))
    async with watching(api, token="t") as source:
        await until(source, says("x"))
    assert "x-goog-api-key" not in api.requests[0].headers


async def test_without_either_it_is_not_made():
    with pytest.raises(InputError, match="API key or a token"):
        YouTubeSource("video")


async def test_a_refused_key_ends_it():
    async with watching(Api(), api_key="wrong") as source:
        with pytest.raises(SourceError, match="YouTube refuses: 400 badRequest"):
            await source.take()


@pytest.mark.parametrize(
    ("video", "reason"),
    [(None, "no such video"), ({"liveStreamingDetails": {}}, "no live chat now"), ({}, "no such")],
)
async def test_a_video_without_a_chat_ends_it(video, reason):
    api = Api()
    api.video = video
    async with watching(api) as source:
        with pytest.raises(SourceError, match=reason):
            await source.take()


async def test_the_quota_is_counted_and_kept_to():
    async with watching(Api(), daily_quota=11) as source:
        with pytest.raises(SourceError, match=r"11 units of platforms\.youtube_daily_quota"):
            while True:
                await source.take()
    assert source.quota.used == 11


def test_a_quota_is_of_a_day():
    quota = Quota(10)
    assert [quota.spend(5, 0.0), quota.spend(5, 1.0), quota.spend(1, 2.0)] == [True, True, False]
    assert quota.spend(5, 86_400.0)
    assert quota.used == 5


async def test_googles_own_limit_ends_it():
    async with watching(Api(error(403, "quotaExceeded"))) as source:
        with pytest.raises(SourceError, match="quota is used up"):
            while True:
                await source.take()


@pytest.mark.parametrize(
    "last",
    [
        page(item("chatEndedEvent")),
        page(offlineAt="2026-01-10T21:00:00Z"),
        error(403, "liveChatEnded"),
        error(404, "liveChatNotFound"),
    ],
)
async def test_the_end_of_the_stream_is_the_end(last):
    api = Api(page(text_item("x", "m"), wait=10), last)
    async with watching(api) as source:
        events = [event async for event in source]
    assert isinstance(events[-1], StreamState)
    assert events[-1].live is False


async def test_trouble_in_between_loses_nothing():
    api = Api(page(token="a", wait=10), (500, {}), page(text_item("after", "m-2")))
    async with watching(api) as source:
        events = await until(source, says("after"))
    assert [e.state for e in events if isinstance(e, SourceState)] == [
        "connected",
        "reconnecting",
        "connected",
    ]
    assert api.tokens == [None, "a", "a"]


async def test_a_forgotten_page_is_begun_anew_and_may_leave_a_gap():
    api = Api(
        page(text_item("one", "m-1"), token="a", wait=10),
        error(400, "pageTokenInvalid"),
        page(text_item("one", "m-1"), text_item("two", "m-2")),
    )
    async with watching(api) as source:
        events = await until(source, says("two"))
    assert [e.state for e in events if isinstance(e, SourceState)][1:] == ["reconnecting", "connected", "gap"]
    assert [(e.text, e.is_history) for e in events if isinstance(e, ChatMessage)] == [
        ("one", True),
        ("two", True),
    ]
    assert api.tokens == [None, "a", None]


async def test_nonsense_is_counted_and_chat_goes_on():
    api = Api(
        page(5, {}, item("textMessageEvent", number=7), item("pollEvent"), text_item("<script>\u202e", "m"))
    )
    async with watching(api) as source:
        await until(source, says("<script>\u202e"))
    assert (source.counts.malformed, source.counts.ignored) == (3, 1)
