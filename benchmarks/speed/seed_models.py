"""The bundled model against the four models the seed runs for each message, text by text in one run.

    python -m benchmarks.speed.seed_models [--data RECORDING] [--messages N] [--write]

The seed's models are built from their published shapes with random weights, because speed does not depend on
the values of weights: nlptown/bert-base-multilingual-uncased-sentiment, j-hartmann/emotion-english-
distilroberta-base, unitary/toxic-bert, sentence-transformers/all-mpnet-base-v2. They run in torch without
gradients, on as many threads as there are cores. Each gets random token ids, as many for a text as the
bundled model's tokenizer makes of it, and no time is counted for their tokenizers; our side is the whole of
``analyze_message`` (or ``analyze_batch``), with nothing cached. The sides take turns.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.pipeline import messages
from benchmarks.table import machine, markdown, write

WARM_UP = 5
BATCH = 32
RESAMPLES = 2000

Side = Callable[[Sequence[list[int]]], None]


def seed_models(torch: Any) -> dict[str, Any]:
    """The four networks by name, with their own numbers of layers, width and words."""
    import transformers as t

    torch.manual_seed(0)
    many = t.BertConfig(vocab_size=105_879, num_labels=5)
    distil = t.RobertaConfig(
        vocab_size=50_265, num_hidden_layers=6, max_position_embeddings=514, type_vocab_size=1, num_labels=7
    )
    return {
        "sentiment": t.BertForSequenceClassification(many).eval(),
        "emotion": t.RobertaForSequenceClassification(distil).eval(),
        "toxicity": t.BertForSequenceClassification(t.BertConfig(num_labels=6)).eval(),
        "embedding": t.MPNetModel(t.MPNetConfig(vocab_size=30_527, max_position_embeddings=514)).eval(),
    }


def runner(torch: Any, networks: Sequence[Any]) -> Side:
    """One forward pass of each network over a padded batch of token ids."""

    def run(batch: Sequence[list[int]]) -> None:
        width = max(map(len, batch))
        ids = torch.zeros(len(batch), width, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        with torch.inference_mode():
            for network in networks:
                network(input_ids=ids, attention_mask=mask)

    return run


def token_ids(texts: Sequence[str]) -> list[list[int]]:
    """Random ids, as many as the bundled model's tokenizer makes of each text."""
    from hikari_ml.models.catalog import bundled_encoder

    encoder = bundled_encoder()
    rng = np.random.default_rng(0)
    lengths = [len(encoder._form(text).windows[0]) for text in texts]
    return [rng.integers(5, 30_000, length).tolist() for length in lengths]


def ratio(ours: Sequence[float], theirs: Sequence[float], form: str = ".0f") -> str:
    """Theirs over ours, of the sums, with the bootstrap's 95 % interval over texts."""
    a, b = np.array(ours), np.array(theirs)
    drawn = np.random.default_rng(0).integers(0, len(a), (RESAMPLES, len(a)))
    low, high = np.percentile(b[drawn].sum(1) / a[drawn].sum(1), [2.5, 97.5])
    return f"{b.sum() / a.sum():{form}} ({low:{form}} to {high:{form}})"


def row(name: str, seconds: Sequence[float], texts: int) -> tuple[str, ...]:
    """Rate and latencies of one side."""
    p50, p95, p99 = 1000 * np.percentile(seconds, [50, 95, 99])
    return name, f"{texts / sum(seconds):.1f}", f"{p50:.1f}", f"{p95:.1f}", f"{p99:.1f}"


async def compare(chat: list[Any]) -> str:
    """Both tables as Markdown; the networks of the seed live beside the analyser in this process."""
    from hikari_ml import AdvancedSentimentAnalyzer, Settings

    settings = Settings.model_validate({"sentiment": {"cache_size": 0}})
    async with AdvancedSentimentAnalyzer(settings) as analyzer:
        for message in chat[:WARM_UP]:
            await analyzer.analyze_message(message.text, message.username)
        alone = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        import torch  # only now, so that the memory above is the analyser's own

        torch.set_num_threads(os.cpu_count() or 1)
        networks = seed_models(torch)
        ids = token_ids([message.text for message in chat])
        four, trio = runner(torch, list(networks.values())), runner(torch, list(networks.values())[:3])
        for tokens in ids[:WARM_UP]:
            four([tokens])
        single: dict[str, list[float]] = {"ours": [], "four": [], "trio": []}
        for message, tokens in zip(chat[WARM_UP:], ids[WARM_UP:], strict=True):
            began = time.perf_counter()
            await analyzer.analyze_message(message.text, message.username)
            single["ours"].append(time.perf_counter() - began)
            for name, side in (("four", four), ("trio", trio)):
                began = time.perf_counter()
                side([tokens])
                single[name].append(time.perf_counter() - began)
        batched: dict[str, list[float]] = {"ours": [], "four": [], "trio": []}
        for at in range(WARM_UP, len(chat) - BATCH + 1, BATCH):
            began = time.perf_counter()
            await analyzer.analyze_batch(chat[at : at + BATCH])
            batched["ours"].append(time.perf_counter() - began)
            for name, side in (("four", four), ("trio", trio)):
                began = time.perf_counter()
                side(ids[at : at + BATCH])
                batched[name].append(time.perf_counter() - began)
    return table(single, batched, alone)


def table(single: dict[str, list[float]], batched: dict[str, list[float]], alone: float) -> str:
    """What was measured, in two tables and two lines."""
    header = ("one at a time", "messages/s", "p50 ms", "p95 ms", "p99 ms", "times the bundled model's time")
    names = {"ours": "`analyze_message`, whole", "four": "the seed's four models", "trio": "its trio alone"}
    texts, batches = len(single["ours"]), len(batched["ours"])
    ones = [
        (*row(label, single[name], texts), "1" if name == "ours" else ratio(single["ours"], single[name]))
        for name, label in names.items()
    ]
    names["ours"] = "`analyze_batch`, whole"
    many = [
        (
            label,
            f"{batches * BATCH / sum(batched[name]):.1f}",
            "1" if name == "ours" else ratio(batched["ours"], batched[name]),
        )
        for name, label in names.items()
    ]
    return "\n\n".join(
        (
            f"{texts} messages; {machine()}. Peak memory before torch came: {alone:.0f} MB.",
            markdown(header, ones),
            markdown((f"{BATCH} at a time", "messages/s", "times the bundled model's time"), many),
        )
    )


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--messages", type=int, default=325)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = asyncio.run(compare(messages(given.data, given.messages)))
    print(found)
    if given.write:
        write("docs/reference/speed.md", "seed_models", found)


if __name__ == "__main__":
    main()
