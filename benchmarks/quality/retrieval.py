"""How much of a conversation the embedding finds again: plain cosine on LoCoMo.

    python -m benchmarks.quality.retrieval --data locomo10.json.gz [--model FILE]

The ten conversations of LoCoMo (A. Maharana et al., "Evaluating Very Long-Term Conversational Memory of LLM
Agents", ACL 2024) with their questions, the adversarial ones left out. Every turn is embedded by itself; a
question's evidence should be among the ten nearest turns of its conversation. In the second row the names of
the two speakers are cut from the question: they stand in many turns and tell them apart no better.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from benchmarks.table import markdown
from hikari_ml.learning.batches import batches, encode
from hikari_ml.learning.examples import Example
from hikari_ml.learning.recipe import READ_TOKENS, base_folder
from hikari_ml.models.catalog import BUNDLED_PATH
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.network import ChatEncoderNetwork
from hikari_ml.text.normalize import clean, for_model

FOUND = 10
ADVERSARIAL = 5
Embed = Callable[[list[str]], np.ndarray]


@dataclass(frozen=True)
class Conversation:
    """Turns, and questions with the places of the turns that answer them."""

    speakers: tuple[str, str]
    turns: list[str]
    questions: list[str]
    evidence: list[set[int]]


def conversations(path: Path) -> Iterator[Conversation]:
    """The conversations of the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for whole in json.load(file):
            talk = whole["conversation"]
            sessions = [v for k, v in talk.items() if k.startswith("session_") and isinstance(v, list)]
            turns = [turn for session in sessions for turn in session]
            place = {turn["dia_id"]: at for at, turn in enumerate(turns)}
            asked = [
                (qa["question"], {place[e] for e in qa.get("evidence", []) if e in place})
                for qa in whole["qa"]
                if qa.get("category") != ADVERSARIAL
            ]
            asked = [(question, evidence) for question, evidence in asked if evidence]
            yield Conversation(
                (talk["speaker_a"], talk["speaker_b"]),
                [turn["text"] for turn in turns],
                [question for question, _ in asked],
                [evidence for _, evidence in asked],
            )


def recalls(embed: Embed, some: list[Conversation], *, named: bool) -> np.ndarray:
    """Share of each question's evidence among the ten nearest turns."""
    found = []
    for talk in some:
        names = re.compile(rf"\b(?:{'|'.join(map(re.escape, talk.speakers))})(?:'s)?\b", re.IGNORECASE)
        questions = talk.questions if named else [names.sub("", question) for question in talk.questions]
        near = np.argsort(-(embed(questions) @ embed(talk.turns).T), axis=1)[:, :FOUND]
        found += [len(set(top) & e) / len(e) for top, e in zip(near.tolist(), talk.evidence, strict=True)]
    return np.array(found)


def original() -> Embed:
    """The encoder that training starts from, in float32."""
    base = base_folder()
    network = ChatEncoderNetwork.from_folder(base).eval()
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))

    def embed(texts: list[str]) -> np.ndarray:
        examples = [Example(for_model(clean(text)), sentiment=0) for text in texts]
        tokens = encode(tokenizer, [example.text for example in examples], READ_TOKENS)
        order = sorted(range(len(tokens)), key=lambda at: len(tokens[at]))
        found = np.zeros((len(texts), network.encoder.config.hidden_size), np.float32)
        at = 0
        for batch in batches(examples, tokens, 32, None):
            with torch.inference_mode():
                rows = network(batch.input_ids, batch.attention_mask).embedding.numpy()
            found[order[at : at + len(rows)]] = rows
            at += len(rows)
        return found

    return embed


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=BUNDLED_PATH)
    given = parser.parse_args()
    some = list(conversations(given.data))
    ours = ChatEncoder.load(given.model, sha256=None, threads=2).embed
    first, lines, rng = original(), [], np.random.default_rng(0)
    for title, named in (("as it is", True), ("without the speakers' names", False)):
        mine, theirs = recalls(ours, some, named=named), recalls(first, some, named=named)
        drawn = [rng.integers(0, len(mine), len(mine)) for _ in range(200)]
        low, high = np.percentile([100 * mine[at].mean() / theirs[at].mean() for at in drawn], [2.5, 97.5])
        share = f"{100 * mine.mean() / theirs.mean():.0f} % ({low:.0f} to {high:.0f})"
        lines.append((title, len(mine), f"{mine.mean():.3f}", f"{theirs.mean():.3f}", share))
    table = markdown(("question", "questions", "ours", "all-MiniLM-L6-v2", "ours of the original's"), lines)
    print(table)


if __name__ == "__main__":
    main()
