"""The memory beside what a developer would pick instead: the same lines and vectors, one process a system.

    python -m benchmarks.speed.memory_rivals [--size N] [--write]

Everything is stored one at a time, as a live chat brings it, and each system keeps it the way its own
documentation shows for data that should last. Vectors are handed in or looked up, so that no neural pass is
timed. A search asks for ten of all memories, a scoped one for ten of a single viewer's; its recall is the
share of the ten truly nearest (or of all the viewer has, if fewer). ``--write`` puts the table into
docs/reference/speed.md. What is not installed (``pip install ".[rivals]"``) is left out and named.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.table import machine, markdown, write

DIM = 384
K = 10
QUERIES = 100
VIEWERS = 400
Vectors = np.ndarray


@dataclass(frozen=True)
class Chat:
    """What is stored and what is asked: ``vectors`` [N, dim] and ``queries`` [Q, dim] have length 1."""

    texts: list[str]
    users: list[str]
    vectors: Vectors
    queries: Vectors
    askers: list[str]

    @classmethod
    def made(cls, size: int) -> Chat:
        """A seeded chat: few viewers say much, most say little, and lines gather around topics."""
        rng = np.random.default_rng(11)
        topics = rng.normal(size=(60, DIM))
        vectors = _unit(topics[rng.integers(0, 60, size)] + 1.2 * rng.normal(size=(size, DIM)))
        viewers = np.minimum(rng.zipf(1.4, size), VIEWERS)
        queries = _unit(topics[rng.integers(0, 60, QUERIES)] + 1.2 * rng.normal(size=(QUERIES, DIM)))
        users = [f"viewer{number}" for number in viewers]
        texts = [f"line {i} of {user} about topic {i % 60}" for i, user in enumerate(users)]
        return cls(texts, users, vectors, queries, [users[i] for i in rng.integers(0, size, QUERIES)])

    def nearest(self, query: int, user: str | None) -> set[str]:
        """The texts that an exact search finds."""
        inside = [i for i, name in enumerate(self.users) if user in (None, name)]
        order = np.argsort(-(self.vectors[inside] @ self.queries[query]), kind="stable")[:K]
        return {self.texts[inside[i]] for i in order}

    def vector_of(self, text: str) -> list[float]:
        """The vector of a stored line, or of ``query N``: for systems that embed by themselves."""
        if text.startswith("query "):
            return self.queries[int(text.removeprefix("query "))].tolist()
        return self.vectors[int(text.split()[1])].tolist()


class System(Protocol):
    """One memory: it stores a line and finds lines."""

    lasting: str
    """Whether a line that was stored survives the process that is killed then."""

    def store(self, number: int) -> None:
        """Keep the line with this number."""

    def search(self, query: int, user: str | None) -> list[str]:
        """The texts of the ten nearest lines, of all or of one viewer."""


class Hikari:
    """This package, called as from synchronous code."""

    lasting = "yes"

    def __init__(self, chat: Chat, folder: Path) -> None:
        from hikari_ml import NeuralMemorySystem

        self.chat = chat
        self.loop = asyncio.new_event_loop()
        self.memory = NeuralMemorySystem(folder)
        self.loop.run_until_complete(self.memory.get_memory_stats())

    def store(self, number: int) -> None:
        chat = self.chat
        self.loop.run_until_complete(
            self.memory.store_memory(
                chat.texts[number], metadata={"user": chat.users[number]}, embedding=chat.vectors[number]
            )
        )

    def search(self, query: int, user: str | None) -> list[str]:
        found = self.memory.retrieve_memories(
            "", K, user=user, embedding=self.chat.queries[query], strengthen=False
        )
        return [memory["content"] for memory in self.loop.run_until_complete(found)]


class Chroma:
    """chromadb with a persistent client."""

    lasting = "yes"

    def __init__(self, chat: Chat, folder: Path) -> None:
        import chromadb
        from chromadb.config import Settings

        self.chat = chat
        client = chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
        self.lines = client.create_collection(
            "lines", configuration={"hnsw": {"space": "ip"}}, embedding_function=None
        )

    def store(self, number: int) -> None:
        chat = self.chat
        self.lines.add(
            ids=[str(number)],
            embeddings=[chat.vectors[number].tolist()],
            documents=[chat.texts[number]],
            metadatas=[{"user": chat.users[number]}],
        )

    def search(self, query: int, user: str | None) -> list[str]:
        where = {"user": user} if user else None
        vector = [self.chat.queries[query].tolist()]
        return self.lines.query(query_embeddings=vector, n_results=K, where=where)["documents"][0]


class Txtai:
    """txtai with content and its own save after every line, without which a line does not last."""

    lasting = "after save()"

    def __init__(self, chat: Chat, folder: Path) -> None:
        from txtai import Embeddings

        self.folder = folder
        self.chat = chat
        self.index = Embeddings(
            {
                "method": "external",
                "content": True,
                "transform": lambda texts: np.array([chat.vector_of(text) for text in texts], np.float32),
            }
        )

    def store(self, number: int) -> None:
        line = {"text": self.chat.texts[number], "user": self.chat.users[number]}
        self.index.upsert([(number, line)])

    def search(self, query: int, user: str | None) -> list[str]:
        scope = " and user = :user" if user else ""
        sql = f"select text from txtai where similar('query {query}'){scope} limit {K}"
        return [row["text"] for row in self.index.search(sql, K, parameters={"user": user} if user else None)]


class LangChain:
    """LangChain's time-weighted retriever over its FAISS store; the memory stream lives in RAM."""

    lasting = "no"

    def __init__(self, chat: Chat, folder: Path) -> None:
        import faiss
        from langchain_classic.retrievers import TimeWeightedVectorStoreRetriever
        from langchain_community.docstore import InMemoryDocstore
        from langchain_community.vectorstores import FAISS
        from langchain_core.embeddings import Embeddings

        class Given(Embeddings):
            def embed_documents(self, texts: list[str]) -> list[list[float]]:
                return [chat.vector_of(text) for text in texts]

            def embed_query(self, text: str) -> list[float]:
                return chat.vector_of(text)

        self.chat = chat
        store = FAISS(
            Given(), faiss.IndexFlatIP(DIM), InMemoryDocstore({}), {}, relevance_score_fn=lambda score: score
        )
        self.retriever = TimeWeightedVectorStoreRetriever(vectorstore=store, decay_rate=0.0, k=K)

    def store(self, number: int) -> None:
        from langchain_core.documents import Document

        metadata = {"user": self.chat.users[number]}
        self.retriever.add_documents([Document(self.chat.texts[number], metadata=metadata)])

    def search(self, query: int, user: str | None) -> list[str]:
        self.retriever.search_kwargs = {"k": K, "filter": {"user": user}} if user else {"k": K}
        return [document.page_content for document in self.retriever.invoke(f"query {query}")]


class Mem0:
    """mem0 without a language model (``infer=False``) over its default store, Qdrant in a folder."""

    lasting = "yes"

    def __init__(self, chat: Chat, folder: Path) -> None:
        os.environ["MEM0_DIR"] = str(folder / "mem0")
        from mem0 import Memory

        class Given:
            def embed(self, text: str, memory_action: str | None = None) -> list[float]:
                return chat.vector_of(text)

            def embed_batch(self, texts: list[str], memory_action: str | None = None) -> list[list[float]]:
                return [chat.vector_of(text) for text in texts]

        self.chat = chat
        store = {"path": str(folder / "qdrant"), "embedding_model_dims": DIM, "on_disk": True}
        unused = {"provider": "openai", "config": {"api_key": "unused"}}
        self.memory = Memory.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": store},
                "embedder": unused,
                "llm": unused,
                "history_db_path": str(folder / "history.db"),
            }
        )
        self.memory.embedding_model = Given()

    def store(self, number: int) -> None:
        self.memory.add(self.chat.texts[number], user_id=self.chat.users[number], infer=False)

    def search(self, query: int, user: str | None) -> list[str]:
        found = self.memory.search(f"query {query}", top_k=K, filters={"user_id": user}, threshold=0.0)
        return [memory["memory"] for memory in found["results"]]


SYSTEMS: dict[str, tuple[Callable[[Chat, Path], System], str]] = {
    "hikari_ml": (Hikari, "hikari_ml"),
    "chromadb": (Chroma, "chromadb"),
    "txtai": (Txtai, "txtai"),
    "LangChain, time-weighted": (LangChain, "langchain_classic"),
    "mem0": (Mem0, "mem0"),
}

ONE_VIEWER_AT_A_TIME = {"mem0"}


def measured(name: str, size: int) -> dict[str, Any]:
    """One system on the chat of ``size`` lines."""
    os.environ["MEM0_TELEMETRY"] = "False"
    make, module = SYSTEMS[name]
    importlib.import_module(module)
    chat = Chat.made(size)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        system = make(chat, Path(folder))
        stored = [_timed(lambda number=number: system.store(number))[0] for number in range(size)]
        result = {"lasting": system.lasting, "rate": 1000 * size / sum(stored), "store": _spread(stored)}
        for kind, askers in (("all", [None] * QUERIES), ("scoped", chat.askers)):
            if kind == "all" and name in ONE_VIEWER_AT_A_TIME:
                result[kind] = None
                continue
            times, recalls = [], []
            for query, user in enumerate(askers):
                took, found = _timed(lambda query=query, user=user: system.search(query, user))
                truth = chat.nearest(query, user)
                times.append(took)
                recalls.append(len(truth & set(found)) / len(truth))
            result[kind] = [_spread(times), float(np.mean(recalls))]
    return result


def main() -> None:
    """Measure every system in a process of its own, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", choices=SYSTEMS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            print("\n" + json.dumps(measured(given.one, given.size)))
        return
    table, absent = [], []
    for name, (_, module) in SYSTEMS.items():
        if importlib.util.find_spec(module) is None:
            absent.append(name)
            continue
        command = [sys.executable, "-m", __spec__.name, "--one", name, "--size", str(given.size)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        table.append(_row(name, json.loads(done.stdout.splitlines()[-1])))
    header = (
        "memory", "stored a second", "store p50 / p99 ms", "lasts a crash", "search p50 ms", "recall at 10",
        "one viewer's p50 ms", "one viewer's recall",
    )  # fmt: skip
    text = f"{given.size:,} lines of {VIEWERS} viewers at most, {DIM} dimensions; {machine()}.\n\n"
    text += markdown(header, table)
    if absent:
        text += f"\n\nNot installed, not measured: {', '.join(absent)}."
    print(text)
    if given.write:
        write("docs/reference/speed.md", "memory_rivals", text)


def _row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    cells = [name, f"{found['rate']:.0f}", "{:.2f} / {:.1f}".format(*found["store"]), found["lasting"]]
    for kind in ("all", "scoped"):
        cells += [f"{found[kind][0][0]:.2f}", f"{found[kind][1]:.3f}"] if found[kind] else ["-", "-"]
    return tuple(cells)


def _timed(act: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = act()
    return 1000 * (time.perf_counter() - began), result


def _spread(milliseconds: Sequence[float]) -> list[float]:
    return [float(value) for value in np.percentile(milliseconds, [50, 99])]


def _unit(vectors: Vectors) -> Vectors:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()
