"""What touches more than the memory it is about: consolidation, episodes, forgetting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from hikari_ml.context_memory import requests
from hikari_ml.context_memory.consolidation import plan
from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.episodes import FEWEST, cut
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import Episode
from hikari_ml.context_memory.store import Transaction
from hikari_ml.models.summarizer import Summarizer
from hikari_ml.results import Consolidation

BATCH: Final = 500
"""Memories changed in one transaction of a round."""

SUMMARY_LENGTH: Final = 400
"""Characters of an episode's summary."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What becomes of an episode that loses memories: ``smaller`` is None where too few are left."""

    number: int
    smaller: Episode | None
    rest: list[Record]


def consolidate(core: MemoryCore, summarizer: Summarizer) -> Consolidation:
    """One round: forget what has faded, move what is due, and cut new episodes.

    What took the place of a memory that has not faded is kept until that has: forgetting must not make true
    again what is outdated.
    """
    core.flush_touched()
    core.store.write(lambda txn: requests.forget(txn, core.now() - requests.KEPT_MS))
    slots = list(core.tiers)
    decided = plan(slots, core.now(), core.settings)
    needed = core.validity.needed(decided.forget)
    decided.forget = [key for key in decided.forget if key not in needed]
    for at in range(0, len(decided.forget), BATCH):
        forget(core, summarizer, decided.forget[at : at + BATCH])
    core.move(decided)
    core.flush_touched()
    return {
        "examined": len(slots),
        "promoted": len(decided.promote),
        "episodic": len(decided.episodic),
        "forgotten": len(decided.forget),
        "episodes": _cut_episodes(core, summarizer),
        "degraded": [],
    }


def forget(
    core: MemoryCore,
    summarizer: Summarizer,
    keys: Sequence[int],
    also: Callable[[Transaction], None] | None = None,
) -> int:
    """Remove memories from the store, from every cache and from their episodes; returns how many of these.

    The only way a memory goes: a summary may quote its memories, so it must not outlive one of them.
    ``also`` is done last in the same transaction.
    """
    records = core.contents(keys)
    episodes = _without(core, summarizer, records)

    def act(txn: Transaction) -> Callable[[], None]:
        for mended in episodes:
            _put_mended(txn, mended)
        apply = core.delete(txn, records)
        if also is not None:
            also(txn)
        return apply

    core.store.write(act)()
    for mended in episodes:
        if mended.smaller is None:
            _set_episode(core, mended.rest, 0)
    return len(episodes)


def _cut_episodes(core: MemoryCore, summarizer: Summarizer) -> int:
    loose = [slot for slot in core.tiers.in_tier("episodic") if slot.episode == 0]
    made = 0
    for stretch in cut(loose):
        records = core.contents(slot.key for slot in stretch)
        text = _summary(core, summarizer, records)
        number = core.store.write(partial(_put_episode, records, text, summarizer.method))
        _set_episode(core, records, number)
        made += 1
    return made


def _put_episode(records: list[Record], text: str, method: str, txn: Transaction) -> int:
    number = txn.next_episode()
    _put_members(txn, records, number)
    txn.put_episode(_episode(number, records, text, method))
    return number


def _put_members(txn: Transaction, records: list[Record], number: int) -> None:
    for record in records:
        record.episode = number
        txn.put(record)


def _set_episode(core: MemoryCore, records: list[Record], number: int) -> None:
    for record in records:
        core.tiers[record.key].episode = number


def _episode(number: int, records: list[Record], text: str, method: str) -> Episode:
    times = [record.created_at for record in records]
    return Episode(number, min(times), max(times), tuple(record.key for record in records), text, method)


def _summary(core: MemoryCore, summarizer: Summarizer, records: Sequence[Record]) -> str:
    vectors = core.index.vectors([record.key for record in records])
    return summarizer.summarize([record.content for record in records], vectors, SUMMARY_LENGTH)


def _without(core: MemoryCore, summarizer: Summarizer, gone: Sequence[Record]) -> list[Mended]:
    """The episodes ``gone`` are in, told again from what is left of them."""
    numbers = sorted({record.episode for record in gone if record.episode})
    keys = {record.key for record in gone}
    found = []
    for episode in core.store.read(lambda txn: [txn.get_episode(number) for number in numbers]):
        assert episode is not None, "an episode outlives its members"
        rest = core.contents(key for key in episode.members if key not in keys)
        smaller = None
        if len(rest) >= FEWEST:
            smaller = _episode(episode.number, rest, _summary(core, summarizer, rest), summarizer.method)
        found.append(Mended(episode.number, smaller, rest))
    return found


def _put_mended(txn: Transaction, mended: Mended) -> None:
    if mended.smaller is not None:
        txn.put_episode(mended.smaller)
        return
    txn.delete_episode(mended.number)
    _put_members(txn, mended.rest, 0)
