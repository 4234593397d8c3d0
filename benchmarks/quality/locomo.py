"""How much of long conversations the memory finds again, by what it offers anybody.

    python -m benchmarks.quality.locomo --data locomo10.json.gz [--choosing] [--write]

LoCoMo (A. Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM Agents", ACL 2024): ten
conversations of two people over months, with questions and the turns that answer them. A memory of its own is
filled with each by ``store_memory`` (user: the speaker, conversation: the session, time: the session's) and
asked every question by ``retrieve_memories``. Recall at k is the share of a question's evidence among the
first k turns, averaged over questions.

Conversations 0, 2, 4, 6 and 8 of the file are there to choose by (``--choosing`` measures these alone). On
the other five nothing may be chosen: they are only reported. Plain cosine and plain BM25 of the same turns,
the question as it was asked, stand beside it. The data is licensed for non-commercial use, and none of it is
in this project.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import markdown, write
from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.words import WordIndex, words_of
from hikari_ml.models.catalog import bundled_encoder

PAGE = "docs/explanation/memory.md"
DEPTHS = (1, 5, 10, 20)
CATEGORIES = {4: "single-hop", 1: "multi-hop", 2: "temporal", 3: "open-domain", 5: "adversarial"}
RESAMPLES = 1000


@dataclass(frozen=True)
class Turn:
    """One thing said; ``name`` is how evidence refers to it."""

    name: str
    speaker: str
    text: str
    session: str
    at: datetime


@dataclass(frozen=True)
class Question:
    """A question and the names of the turns that answer it."""

    text: str
    category: int
    evidence: frozenset[str]


@dataclass(frozen=True)
class Conversation:
    """The turns of one conversation in order, and what is asked about them."""

    turns: list[Turn]
    questions: list[Question]


@dataclass(frozen=True)
class Found:
    """For one question, the names of the turns each way found, best first."""

    question: Question
    ways: dict[str, list[str]]

    def recall(self, way: str, k: int) -> float:
        """Share of the evidence among the first ``k`` turns."""
        evidence = self.question.evidence
        return len(evidence.intersection(self.ways[way][:k])) / len(evidence)


def conversations(path: Path) -> Iterator[Conversation]:
    """The conversations of the file, without questions whose evidence is not in it."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        for whole in json.load(file):
            turns = list(_turns(whole["conversation"]))
            names = {turn.name for turn in turns}
            asked = [
                Question(qa["question"], qa["category"], frozenset(qa.get("evidence", [])) & names)
                for qa in whole["qa"]
            ]
            yield Conversation(turns, [question for question in asked if question.evidence])


def _turns(talk: dict[str, Any]) -> Iterator[Turn]:
    for session, said in talk.items():
        if session.startswith("session_") and isinstance(said, list):
            begin = datetime.strptime(talk[f"{session}_date_time"], "%I:%M %p on %d %B, %Y")
            for place, turn in enumerate(said):
                at = begin.replace(tzinfo=UTC) + timedelta(seconds=place)
                yield Turn(turn["dia_id"], turn["speaker"], turn["text"], session, at)


async def asked(talk: Conversation) -> list[Found]:
    """Fill a memory with ``talk`` and ask it everything, beside plain cosine and plain BM25."""
    plain = Plain(talk.turns)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        async with NeuralMemorySystem(folder) as memory:
            ids = await asyncio.gather(*(_store(memory, turn) for turn in talk.turns))
            names: dict[str, list[str]] = {}
            for memory_id, turn in zip(ids, talk.turns, strict=True):
                names.setdefault(memory_id, []).append(turn.name)
            for question in talk.questions:
                hits = await memory.retrieve_memories(question.text, k=max(DEPTHS), strengthen=False)
                ours = [name for hit in hits for name in names[hit["id"]]]
                found.append(Found(question, {"retrieve_memories": ours, **plain.ways(question.text)}))
    return found


async def _store(memory: NeuralMemorySystem, turn: Turn) -> str:
    metadata = {"user": turn.speaker, "conversation": turn.session}
    return await memory.store_memory(turn.text, metadata=metadata, created_at=turn.at)


class Plain:
    """What a memory without any of this would do: one search, the question as it was asked."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._names = [turn.name for turn in turns]
        self._vectors = bundled_encoder().embed([turn.text for turn in turns])
        self._words = WordIndex()
        for row, turn in enumerate(turns):
            self._words.add(row, words_of(turn.text))

    def ways(self, question: str) -> dict[str, list[str]]:
        """The names of the turns found, by how."""
        most = max(DEPTHS)
        near = np.argsort(-(self._vectors @ bundled_encoder().embed([question])[0]), kind="stable")[:most]
        said = [row for row, _ in self._words.search(self._words.asked(question), most)]
        return {
            "cosine": [self._names[row] for row in near],
            "BM25": [self._names[row] for row in said],
        }


def table(found: Sequence[Found]) -> str:
    """Recall by way and kind of question, with 95 % intervals of recall at 10 over questions."""
    rows = []
    for way in found[0].ways:
        for title, kind in (("all", None), *((title, kind) for kind, title in CATEGORIES.items())):
            some = [one for one in found if kind in (None, one.question.category)]
            recalls = {k: np.array([one.recall(way, k) for one in some]) for k in DEPTHS}
            low, high = _interval(recalls[10])
            cells = [f"{recalls[k].mean():.3f}" + f" ({low:.3f}-{high:.3f})" * (k == 10) for k in DEPTHS]
            rows.append((way, title, len(some), *cells))
    return markdown(("search", "questions", "number", *(f"recall at {k}" for k in DEPTHS)), rows)


def _interval(recalls: np.ndarray) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    drawn = [recalls[rng.integers(0, len(recalls), len(recalls))].mean() for _ in range(RESAMPLES)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


async def measure(talks: Sequence[Conversation]) -> str:
    """The table of some conversations."""
    return table([one for talk in talks for one in await asked(talk)])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--choosing", action="store_true", help="only the five that may be chosen on")
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE}")
    given = parser.parse_args()
    talks = list(conversations(given.data))
    parts = {"choosing": talks[0::2], **({} if given.choosing else {"reporting": talks[1::2]})}
    for name, some in parts.items():
        print(f"\n{name}\n")
        text = asyncio.run(measure(some))
        print(text)
        if given.write:
            write(PAGE, f"locomo-{name}", text)


if __name__ == "__main__":
    main()
