"""Whether a model is looked for on the hub."""

import asyncio
import socket

import pytest
from huggingface_hub import constants

from hikari_ml.errors import ModelError
from hikari_ml.models.hub import only_here
from hikari_ml.models.reference import TransformersClassifier


@pytest.fixture
async def hub(monkeypatch):
    """A hub that answers whatever is asked that it is not there."""

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", url)
        yield url


@pytest.fixture
def no_hub(monkeypatch):
    """Where a hub should be, nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{taken.getsockname()[1]}")
        yield


async def test_a_hub_that_answers_is_asked(hub):
    assert not await asyncio.to_thread(only_here, "nobody/has-this-model")


async def test_a_folder_is_never_asked_for(hub, tmp_path):
    assert await asyncio.to_thread(only_here, str(tmp_path))


async def test_nothing_is_asked_where_the_user_forbids_it(hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert await asyncio.to_thread(only_here, "nobody/has-this-model")


@pytest.mark.usefixtures("no_hub")
def test_without_a_hub_only_this_machine_is_searched():
    assert only_here("nobody/has-this-model")
    with pytest.raises(ModelError, match="local folder"):
        TransformersClassifier("nobody/has-this-model", "emotion")


def test_an_endpoint_that_is_no_address_is_no_hub(monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "not a url")
    assert only_here("nobody/has-this-model")
