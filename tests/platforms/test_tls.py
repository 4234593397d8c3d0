"""Certificates are always checked, and loaded once."""

import ssl

import pytest

from hikari_ml.platforms.tls import context_for


@pytest.mark.parametrize("url", ["https://a", "wss://a", "ircs://a"])
async def test_encrypted_addresses_are_checked(url):
    found = await context_for(url)
    assert found.verify_mode is ssl.CERT_REQUIRED
    assert found.check_hostname
    assert await context_for(url) is found


@pytest.mark.parametrize("url", ["http://a", "ws://a", "irc://a"])
async def test_others_have_none(url):
    assert await context_for(url) is None
