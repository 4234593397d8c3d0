"""JSON over HTTP: what helps to be asked again is told apart from what does not."""

import socket

import pytest

from hikari_ml.platforms import rest
from hikari_ml.platforms.rest import Refused, Rest
from hikari_ml.platforms.source import LostConnection
from tests.platforms.servers import http_server


async def ask(status, body, method="get"):
    async with http_server(lambda request: (status, body)) as url, Rest(f"{url}/", {"X-Key": "k"}) as api:
        return await (api.get("/a", q="1") if method == "get" else api.post("/a", {"x": 1}))


async def test_what_is_asked_and_answered():
    seen = []

    def answer(request):
        seen.append((request.method, request.path, request.query, request.headers["x-key"], request.body))
        return 200, {"ok": True}

    async with http_server(answer) as url, Rest(f"{url}/base/", {"X-Key": "k"}) as api:
        assert await api.get("/a", q="ä b") == {"ok": True}
        assert await api.post("/b", {"x": "😀"}) == {"ok": True}
    assert seen == [
        ("GET", "/base/a", {"q": "ä b"}, "k", {}),
        ("POST", "/base/b", {}, "k", {"x": "😀"}),
    ]


async def test_an_empty_answer_is_an_empty_object():
    assert await ask(204, b"", "post") == {}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, {"error": "x"}, "status 500"),
        (503, b"<html>", "status 503, no JSON"),
        (200, b"<html>", "status 200, no JSON"),
        (200, b"[1]", "no JSON"),
        (200, b"[" * 100_000, "no JSON"),
        (429, {}, "too many requests"),
    ],
)
async def test_trouble_is_a_lost_connection(status, body, reason):
    with pytest.raises(LostConnection, match=reason) as caught:
        await ask(status, body)
    assert caught.value.seconds == (30.0 if status == 429 else 0.0)


async def test_an_answer_too_large_is_given_up(monkeypatch):
    monkeypatch.setattr(rest, "MAX_ANSWER", 1000)
    with pytest.raises(LostConnection, match="more than 1,000 bytes"):
        await ask(200, b"x" * 5000)


async def test_nobody_listening_is_a_lost_connection():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with Rest(f"http://127.0.0.1:{taken.getsockname()[1]}", {}) as api:
            with pytest.raises(LostConnection, match="ConnectError"):
                await api.get("/a")


@pytest.mark.parametrize(
    ("body", "reason", "told"),
    [
        (
            {"error": "Forbidden", "status": 403, "message": "no scope"},
            "Forbidden",
            "403 Forbidden: no scope",
        ),
        (
            {"error": {"code": 403, "message": "m", "errors": [{"reason": "quotaExceeded"}]}},
            "quotaExceeded",
            "403 quotaExceeded: m",
        ),
        ({"error": {"status": "DENIED", "message": "m", "errors": ["x"]}}, "DENIED", "403 DENIED: m"),
        ({"error": {"status": "DENIED", "message": "m"}}, "DENIED", "403 DENIED: m"),
        (b"<html>", "", "403 : "),
    ],
)
async def test_a_refusal_has_its_reason(body, reason, told):
    with pytest.raises(Refused) as caught:
        await ask(403, body)
    assert (caught.value.status, caught.value.reason, str(caught.value)) == (403, reason, told)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7.0), ("999999", 3600.0), ("soon", 30.0), ("٣", 30.0), ("", 30.0)]
)
def test_how_long_to_wait(header, seconds):
    assert rest._wait({"retry-after": header}) == seconds
