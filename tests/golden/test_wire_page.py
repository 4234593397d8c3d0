"""The page about the wire says what the bridge and the feed do."""

import json
import re
from pathlib import Path
from types import NoneType, UnionType
from typing import Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from hikari_ml.bridge import protocol
from hikari_ml.bridge.methods import METHODS
from hikari_ml.chat import MAX_NAME, Connection
from hikari_ml.feed.frames import Close
from hikari_ml.feed.server import MAX_MESSAGE

PAGE = (Path(__file__).parent.parent.parent / "docs/reference/wire.md").read_text(encoding="utf-8")
TYPES = {str: "text", int: "integer", float: "number", bool: "bool", NoneType: "nil", dict: "map"}
CHANGES = {"none": "nothing", "memory": "memory", "counts": "counts", "both": "memory and counts"}


def shown_type(kind):
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(map(shown_type, get_args(kind)))
    if get_origin(kind) is list:
        return f"list of {shown_type(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "map of numbers" if get_args(kind)[1] is float else "map"
    if issubclass(kind, BaseModel):
        return f"{{{shown_fields(kind)}}}"
    return TYPES[kind]


def shown_fields(model):
    return ", ".join(shown_field(name, field) for name, field in model.model_fields.items())


def shown_field(name, field):
    shown = f"`{name}` {shown_type(field.annotation)}"
    if field.is_required():
        return shown
    default = "nil" if field.default is None else str(field.default)
    return f"{shown} = `{default}`" if isinstance(field.default, str) else f"{shown} = {default}"


def line(name):
    method = METHODS[name]
    return f"| `{name}` | {shown_fields(method.params) or '-'} | {CHANGES[method.effect]} | "


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_its_line(name):
    assert line(name) in PAGE
    assert f"{line(name)}|" not in PAGE


def test_no_method_stands_there_that_there_is_not():
    table = PAGE.split("## Methods")[1].split("## Errors")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == {*METHODS, "health"}


def test_every_code_and_every_type_of_event_has_its_line():
    for code in protocol.CODES:
        assert f"| `{code}` | " in PAGE
    for path in (Path(__file__).parent / "event").glob("*.json"):
        assert f"| `{path.stem}` | " in PAGE


EVENTS = sorted((Path(__file__).parent / "event").glob("*.json"))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_the_line_of_an_event_names_every_key(path):
    (row,) = re.findall(rf"^\| `{path.stem}` \| .*", PAGE.split("## Events")[1], re.MULTILINE)
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    keys = {*data, *data.get("avatar", {})}
    assert "what `perceive` answers" in row or keys <= set(re.findall(r"`(\w+)`", row))


def test_every_state_of_a_source_is_named():
    for state in get_args(Connection):
        assert f'"{state}"' in PAGE


def test_the_feed_is_told_of_as_it_is():
    feed = PAGE.split("## The feed")[1].split("## Versions")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", feed, re.MULTILINE)} == set(Close)
    assert f"at most {MAX_MESSAGE:,} bytes" in feed
    for path in (Path(__file__).parent / "feed").glob("*.json"):
        for key in json.loads(path.read_text(encoding="utf-8")):
            assert f"`{key}`" in feed or f"`{key}: " in feed, (path.stem, key)


def test_names_and_limits_are_those_of_the_bridge():
    for name in (protocol.REQUESTS, protocol.DURABLE, f"{protocol.EVENTS}<channel>"):
        assert f"`{name}`" in PAGE
    assert f"| a call | {protocol.MAX_BYTES:,} bytes |" in PAGE
    assert f"nested {protocol.MAX_DEPTH} deep" in PAGE
    assert f"1 to {MAX_NAME} characters" in PAGE
