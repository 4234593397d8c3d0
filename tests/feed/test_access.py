"""Who may come in by Host, Origin and token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.errors import InputError
from hikari_ml.feed.access import Access, host_of, is_loopback

TOKEN = "correct horse battery"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "streampc.local", ""])
def test_beyond_this_machine_a_token_is_needed(host):
    with pytest.raises(InputError, match="HIKARI_FEED__TOKEN"):
        Access(host)
    assert Access(host, TOKEN).knows(TOKEN)


def test_a_foreign_name_needs_a_token_too():
    with pytest.raises(InputError, match="who allows other hosts"):
        Access("127.0.0.1", None, frozenset({"https://chat.example"}))
    Access("127.0.0.1", None, frozenset({"http://localhost:3000"}))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_this_machine_needs_none(host):
    assert is_loopback(host)
    assert Access(host).knows(None)


@pytest.mark.parametrize(
    ("hosts", "origins", "admitted"),
    [
        (["127.0.0.1:8765"], [], True),
        (["localhost"], ["http://localhost:8765"], True),
        (["[::1]:8765"], ["http://[::1]:8765"], True),
        (["127.0.0.1"], ["https://evil.example"], False),
        (["127.0.0.1"], ["null"], False),
        (["127.0.0.1"], ["127.0.0.1"], False),
        (["127.0.0.1"], ["http://127.0.0.1", "http://127.0.0.1"], False),
        (["evil.example"], [], False),
        (["127.0.0.1.evil.example"], ["http://127.0.0.1.evil.example"], False),
        (["192.168.1.5"], [], False),
        ([], [], False),
        (["127.0.0.1", "127.0.0.1"], [], False),
        (["[::1"], [], False),
    ],
)
def test_on_this_machine(hosts, origins, admitted):
    assert Access("127.0.0.1").admits(hosts, origins) is admitted


@pytest.mark.parametrize(
    ("hosts", "origins", "admitted"),
    [
        (["192.168.1.5:8765"], ["http://192.168.1.5:8765"], True),
        (["streampc.local"], ["https://streampc.local"], True),
        (["STREAMPC.local"], ["https://overlay.example"], True),
        (["127.0.0.1"], ["null"], True),
        (["evil.example"], [], False),
        (["evil.example"], ["http://evil.example"], False),
        (["192.168.1.5"], ["https://evil.example"], False),
    ],
)
def test_beyond_it(hosts, origins, admitted):
    allowed = frozenset({"streampc.local", "https://overlay.example", "null"})
    assert Access("0.0.0.0", TOKEN, allowed).admits(hosts, origins) is admitted


@given(st.lists(st.text(max_size=20), max_size=3), st.lists(st.text(max_size=20), max_size=2))
def test_no_header_does_harm(hosts, origins):
    assert Access("127.0.0.1").admits(hosts, origins) in (True, False)


@given(st.one_of(st.none(), st.text(), st.integers(), st.binary(), st.lists(st.text())))
def test_only_the_token_is_the_token(given_token):
    assert not Access("0.0.0.0", TOKEN).knows(given_token)


def test_the_token_of_a_request():
    access = Access("0.0.0.0", TOKEN)
    assert access.knows_bearer([f"Bearer {TOKEN}"])
    assert access.knows_bearer([f"bearer  {TOKEN}"])
    for wrong in ([], [TOKEN], [f"Basic {TOKEN}"], ["Bearer"], [f"Bearer {TOKEN}"] * 2, ["Bearer x"]):
        assert not access.knows_bearer(wrong)
    assert Access("::1").knows_bearer([])


def test_the_token_is_not_shown():
    assert TOKEN not in repr(Access("0.0.0.0", TOKEN))


def test_hosts_are_found_in_what_is_written():
    assert host_of("https://Chat.example:443") == host_of("chat.example:80") == host_of("chat.example")
    assert host_of("//[") is None
