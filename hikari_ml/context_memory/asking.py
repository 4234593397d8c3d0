"""What a memory is asked: the arguments of its methods, checked, whichever store keeps it; pure."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import check_name, check_text
from hikari_ml.context_memory.core import Question
from hikari_ml.context_memory.record import (
    MAX_CONTENT,
    Record,
    check_content,
    check_importance,
    check_metadata,
    check_type,
    encodable,
)
from hikari_ml.errors import InputError
from hikari_ml.models.reading import Vector

SUMMARY_DEPTH: Final = 12
"""Memories a summary is made of."""


def draft(
    content: object,
    memory_type: object,
    metadata: Mapping[str, Any] | None,
    importance: object,
    arousal: object,
    *,
    at: int,
) -> Record:
    """A memory that has no key and no id yet, said at ``at`` (epoch milliseconds).

    Raises:
        InputError: an argument cannot be used.
    """
    return Record(
        key=0,
        id="",
        content=check_content(content),
        type=check_type(memory_type),
        metadata=check_metadata(metadata),
        importance=check_importance(importance),
        tier="short_term",
        created_at=at,
        last_access=at,
        arousal=check_importance(arousal, "arousal"),
    )


def question(
    query: object,
    k: object,
    memory_types: Sequence[str] | None,
    user: object,
    *,
    as_of: int | None,
    embedded: bool,
    strengthen: bool,
) -> Question:
    """What is to be recalled; with ``embedded``, there is an embedding and ``query`` may be blank.

    Raises:
        InputError: an argument cannot be used.
    """
    return Question(
        query=check_query(query, embedded=embedded),
        k=check_positive(k, "k"),
        types=check_types(memory_types),
        user=None if user is None else check_name(user, "user"),
        as_of=as_of,
        strengthen=strengthen,
    )


def topic(query: object, *, strengthen: bool) -> Question:
    """What a summary is made of.

    Raises:
        InputError: ``query`` is blank or no text.
    """
    if not check_text(query, "topic").strip():
        raise InputError("topic", query, "name what the summary is to be about")
    return question(query, SUMMARY_DEPTH, None, None, as_of=None, embedded=False, strengthen=strengthen)


def check_types(values: Sequence[str] | None) -> frozenset[str] | None:
    """The types a search is limited to; None limits it to none.

    Raises:
        InputError: it is one text, or holds what is no type.
    """
    if values is None:
        return None
    if isinstance(values, str):
        raise InputError("memory_types", values, "give a list of types")
    return frozenset(check_type(value) for value in values)


def check_positive(value: object, name: str) -> int:
    """``value`` as a count.

    Raises:
        InputError: it is no whole number from 1.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(name, value, "give a whole number from 1")
    return value


def check_query(query: object, *, embedded: bool) -> str:
    """What is searched, in characters that can be written; blank only where an embedding is searched.

    Raises:
        InputError: it is no text, longer than 100,000 characters, or blank where it must not be.
    """
    text = encodable(check_text(query, "query"))
    if len(text) > MAX_CONTENT:
        raise InputError("query", text, f"ask in at most {MAX_CONTENT:,} characters")
    if not text.strip() and not embedded:
        raise InputError("query", text, "ask for something, or give an embedding")
    return text


def check_embedding(embedding: npt.ArrayLike, dim: int) -> Vector:
    """``embedding`` as a vector of length 1, [dim].

    Raises:
        InputError: it is not ``dim`` finite numbers, or all zero.
    """
    try:
        vector = np.asarray(embedding, np.float32)
    except (TypeError, ValueError) as error:
        raise InputError("embedding", embedding, f"give {dim} numbers") from error
    length = float(np.linalg.norm(vector)) if vector.shape == (dim,) else math.nan
    if not math.isfinite(length) or length == 0:
        raise InputError("embedding", embedding, f"give {dim} finite numbers that are not all zero")
    return vector / np.float32(length)


def check_path(value: object) -> Path:
    """``value`` as a path.

    Raises:
        InputError: no file can have such a name.
    """
    if isinstance(value, (str, os.PathLike)):
        try:
            if b"\0" not in os.fsencode(value):
                return Path(value)
        except (TypeError, UnicodeEncodeError):
            pass
    raise InputError("path", value, "give a path that a file can have")
