"""The page about the wire says what the bridge does."""

import re
from pathlib import Path
from types import NoneType, UnionType
from typing import Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from hikari_ml.bridge import protocol
from hikari_ml.bridge.methods import METHODS
from hikari_ml.chat import MAX_NAME

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


def test_names_and_limits_are_those_of_the_bridge():
    for name in (protocol.REQUESTS, protocol.DURABLE, f"{protocol.EVENTS}<channel>"):
        assert f"`{name}`" in PAGE
    assert f"| a call | {protocol.MAX_BYTES:,} bytes |" in PAGE
    assert f"nested {protocol.MAX_DEPTH} deep" in PAGE
    assert f"1 to {MAX_NAME} characters" in PAGE
