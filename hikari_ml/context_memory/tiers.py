"""Who holds what: a slim table of every memory, by tier, user and type.

Short-term is the working buffer, long-term what proved important, episodic the rest of what happened.
Contents and vectors stay in the store and the index.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import msgpack

from hikari_ml.chat import user_key
from hikari_ml.context_memory.packing import inflated
from hikari_ml.context_memory.record import Record, asks
from hikari_ml.context_memory.rows import TIERS
from hikari_ml.results import Tier


@dataclass(slots=True)
class Slot:
    """What is needed of a memory to find, fade and move it; times are epoch milliseconds."""

    key: int
    user: str | None
    type: str
    tier: Tier
    importance: float
    created_at: int
    last_access: int
    access_count: int
    episode: int
    conversation: str | None = None
    asks: bool = False
    arousal: float = 0.0

    @classmethod
    def of(cls, record: Record) -> Self:
        """The slot of a record."""
        return cls(
            record.key,
            record.user,
            record.type,
            record.tier,
            record.importance,
            record.created_at,
            record.last_access,
            record.access_count,
            record.episode,
            record.conversation,
            record.asks,
            record.arousal,
        )

    @classmethod
    def read(cls, key: bytes, packed: bytes) -> tuple[Self, str]:
        """The slot in a row of records, and its content: in half the time it takes to make the record."""
        fields = msgpack.unpackb(inflated(packed))
        _, content, kind, metadata, importance, tier, created, accessed, often, _, episode, *later = fields
        if tier not in TIERS or not (type(created) is type(accessed) is type(often) is type(episode) is int):
            raise ValueError("it is no record")
        slot = cls(
            int.from_bytes(key, "big"),
            metadata.get("user") or None,
            kind,
            tier,
            importance,
            created,
            accessed,
            often,
            episode,
            metadata.get("conversation") or None,
            asks(content),
            later[0] if later else 0.0,
        )
        return slot, content

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in its conversation, and in any order by age."""
        return self.created_at, self.key


class Tiers:
    """The table of slots; users are found whatever the case of their name."""

    def __init__(self) -> None:
        self._slots: dict[int, Slot] = {}
        self._by_user: dict[str | None, set[int]] = defaultdict(set)
        self._by_tier: dict[Tier, set[int]] = {"short_term": set(), "long_term": set(), "episodic": set()}
        self._conversations: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._alike: dict[tuple[str | None, str], list[int]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots.values())

    def __getitem__(self, key: int) -> Slot:
        return self._slots[key]

    def __contains__(self, key: int) -> bool:
        return key in self._slots

    @property
    def users(self) -> int:
        """How many users have memories."""
        return sum(1 for user, keys in self._by_user.items() if user is not None and keys)

    def put(self, slot: Slot) -> None:
        """Set the slot of a memory."""
        self.remove(slot.key)
        self._slots[slot.key] = slot
        self._by_user[_folded(slot.user)].add(slot.key)
        self._by_tier[slot.tier].add(slot.key)
        insort(self._alike[_folded(slot.user), slot.type], slot.key)
        if slot.conversation is not None:
            insort(self._conversations[slot.conversation], slot.place)

    def fill(self, slots: Iterable[Slot]) -> None:
        """Take in the slots of many memories, lowest key first, in an empty table."""
        for slot in slots:
            user = _folded(slot.user)
            self._slots[slot.key] = slot
            self._by_user[user].add(slot.key)
            self._by_tier[slot.tier].add(slot.key)
            self._alike[user, slot.type].append(slot.key)
            if slot.conversation is not None:
                self._conversations[slot.conversation].append(slot.place)
        for lines in self._conversations.values():
            lines.sort()

    def remove(self, key: int) -> None:
        """Forget a memory; an unknown key is ignored."""
        slot = self._slots.pop(key, None)
        if slot is None:
            return
        self._by_tier[slot.tier].discard(key)
        user = _folded(slot.user)
        self._by_user[user].discard(key)
        if not self._by_user[user]:
            del self._by_user[user]
        alike = self._alike[user, slot.type]
        del alike[bisect_left(alike, key)]
        if not alike:
            del self._alike[user, slot.type]
        if slot.conversation is not None:
            lines = self._conversations[slot.conversation]
            del lines[bisect_left(lines, slot.place)]
            if not lines:
                del self._conversations[slot.conversation]

    def of_user(self, user: str) -> list[int]:
        """Keys of a user's memories, oldest first."""
        return sorted(self._by_user.get(_folded(user), ()))

    def newest(self, user: str | None, kind: str, most: int) -> list[int]:
        """Keys of up to ``most`` memories of a user, or of nobody, and of a type: those stored last."""
        return self._alike.get((_folded(user), kind), [])[-most:] if most > 0 else []

    @property
    def conversing(self) -> bool:
        """Whether any memory belongs to a conversation."""
        return bool(self._conversations)

    @property
    def conversations(self) -> Iterator[list[int]]:
        """The keys of each conversation, in its order."""
        return ([key for _, key in lines] for lines in self._conversations.values())

    def known(self, scope: Iterable[int] | None) -> Callable[[str], bool]:
        """Who, by user key, has memories in ``scope``: others must not change what is found in it."""
        if scope is None:
            return self._by_user.__contains__
        return frozenset(_folded(self._slots[key].user) for key in scope).__contains__

    def around(self, key: int, before: int, after: int) -> list[int]:
        """Keys of a memory and of up to so many lines before and after it in its conversation, in order."""
        slot = self._slots[key]
        if slot.conversation is None:
            return [key]
        lines = self._conversations[slot.conversation]
        at = bisect_left(lines, slot.place)
        return [near for _, near in lines[max(0, at - before) : at + after + 1]]

    def in_tier(self, tier: Tier) -> list[Slot]:
        """Slots of a tier, oldest first."""
        slots = (self._slots[key] for key in self._by_tier[tier])
        return sorted(slots, key=lambda slot: slot.place)

    def scope(self, user: str | None, types: Collection[str] | None, as_of: int | None) -> list[int] | None:
        """Keys that a search may return; None means all of them."""
        if user is None and types is None and as_of is None:
            return None
        keys: Collection[int] = self._slots if user is None else self._by_user.get(_folded(user), ())
        return sorted(
            key
            for key in keys
            if (types is None or self._slots[key].type in types)
            and (as_of is None or self._slots[key].created_at <= as_of)
        )


def _folded(user: str | None) -> str | None:
    return None if user is None else user_key(user)
