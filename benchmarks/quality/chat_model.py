"""Quality of the bundled chat model on public development sets.

    python -m benchmarks.quality.chat_model --data DIR [--model FILE] [--write]

``DIR`` holds the sets as JSON lines (docs/reference/quality.md gives names and shapes). Thresholds are
chosen on the validation part of a set where it has one, never on its test part. ``--write`` puts the table
into the docs and the model card.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, recall_score, roc_auc_score

from benchmarks.table import markdown, write
from hikari_ml import AdvancedSentimentAnalyzer, ChatMessage, Settings
from hikari_ml.models.catalog import BUNDLED_PATH
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.reading import Reading
from hikari_ml.results import EMOTIONS, SENTIMENT_CLASSES, TOXICITY_LABELS
from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.lexical import vader_score
from hikari_ml.text.normalize import clean

EVERYDAY = Path(__file__).parent / "everyday.toml"
Row = dict[str, Any]
Result = tuple[str, str, str, str, str]
"""Set, metric with rows, ours, VADER (or "-"), published anchor."""


def rows(data: Path, name: str) -> list[Row]:
    """The rows of one set."""
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def interval(values: Sequence[Any], metric: Callable[[np.ndarray], float], rounds: int = 200) -> str:
    """A metric over row numbers with its 95 % bootstrap interval, in percent."""
    rng = np.random.default_rng(0)
    n = len(values)
    drawn = [metric(rng.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{100 * metric(np.arange(n)):.1f} ({100 * low:.1f} to {100 * high:.1f})"


class Bench:
    """The model, its readings kept, and the sets."""

    def __init__(self, data: Path, model: Path) -> None:
        self.data = data
        self.encoder = ChatEncoder.load(model, sha256=None, threads=2)
        self._read: dict[str, Reading] = {}

    def read(self, texts: Iterable[str]) -> list[Reading]:
        """The model's readings of texts as the analyser would hand them over."""
        spoken = []
        for text in texts:
            cleaned = clean(text)
            cues = [cue for cue in find_cues(cleaned) if cue.kind != "emoji"]
            spoken.append(without(cleaned, cues))
        for text in dict.fromkeys(spoken):
            if text not in self._read:
                (self._read[text],) = self.encoder.read([text])
        return [self._read[text] for text in spoken]

    def sentiment(self, name: str, anchor: str) -> Result:
        """Macro recall (TweetEval's measure) on the test part."""
        test = [row for row in rows(self.data, name) if row.get("split") == "test"]
        truth = np.array([("negative", "neutral", "positive").index(row["label"]) for row in test])
        ours = np.array([_class(reading) for reading in self.read(row["text"] for row in test)])
        vader = np.array([_cut(_vader(row["text"])) for row in test])

        def score(guess: np.ndarray) -> Callable[[np.ndarray], float]:
            return lambda at: float(recall_score(truth[at], guess[at], average="macro", zero_division=0))

        title = f"macro recall, {len(test)} test rows"
        return name, title, interval(test, score(ours)), interval(test, score(vader)), anchor

    def umsab(self) -> list[Result]:
        """Macro F1 by language on the test part."""
        found = []
        test = [row for row in rows(self.data, "umsab") if row["split"] == "test"]
        for language in sorted({row["lang"] for row in test}):
            some = [row for row in test if row["lang"] == language]
            truth = np.array([("negative", "neutral", "positive").index(row["label"]) for row in some])
            ours = np.array([_class(reading) for reading in self.read(row["text"] for row in some)])

            def score(at: np.ndarray, truth: np.ndarray = truth, ours: np.ndarray = ours) -> float:
                return float(f1_score(truth[at], ours[at], average="macro", zero_division=0))

            found.append(
                (
                    f"umsab {language}",
                    f"macro F1, {len(some)} test rows",
                    interval(some, score),
                    "-",
                    "XLM-T 69.4 over 8",
                )
            )
        return found

    def toxic(self, name: str, anchor: str) -> Result:
        """Macro F1 of toxic or not, the threshold chosen on the validation part."""
        both = rows(self.data, name)
        scores = np.array([reading.toxicity[0] for reading in self.read(row["text"] for row in both)])
        truth = np.array([row["labels"]["toxic"] for row in both])
        val = np.array([row["split"] == "val" for row in both])
        cuts = np.linspace(0.05, 0.95, 91)
        cut = max(cuts, key=lambda c: f1_score(truth[val], scores[val] > c, average="macro"))
        truth, guess = truth[~val], (scores > cut)[~val]

        def score(at: np.ndarray) -> float:
            return float(f1_score(truth[at], guess[at], average="macro"))

        return (
            name,
            f"macro F1, {len(truth)} test rows, cut {cut:.2f} from validation",
            interval(truth, score),
            "-",
            anchor,
        )

    def auc(self, name: str, anchor: str, label: str = "toxic", target: str | None = None) -> Result:
        """Area under the ROC curve of the toxic score."""
        some = list(rows(self.data, name))
        truth = np.array([row[target] if target else row["labels"][label] for row in some])
        position = TOXICITY_LABELS.index(label)  # type: ignore[arg-type]
        scores = np.array([r.toxicity[position] for r in self.read(row["text"] for row in some)])

        def score(at: np.ndarray) -> float:
            return float(roc_auc_score(truth[at], scores[at]))

        return f"{name} ({label})", f"AUC, {len(some)} rows", interval(some, score), "-", anchor

    def hatecheck(self) -> Result:
        """Accuracy at 0.5 of the identity-hate score, all and non-hateful."""
        some = rows(self.data, "hatecheck")
        truth = np.array([row["hateful"] for row in some]).astype(bool)
        place = TOXICITY_LABELS.index("identity_hate")
        guess = np.array([r.toxicity[place] > 0.5 for r in self.read(row["text"] for row in some)])
        right = guess == truth
        shown = f"{100 * right.mean():.1f} / {100 * right[~truth].mean():.1f}"
        return (
            "hatecheck",
            f"accuracy all / non-hateful, {len(some)} rows",
            shown,
            "-",
            "Perspective 76.6 / 48.2",
        )

    def hatecheck_of(self, functionality: str, anchor: str) -> Result:
        """Accuracy at 0.5 of the identity-hate score on one kind of hateful case."""
        some = [row for row in rows(self.data, "hatecheck") if row["functionality"] == functionality]
        place = TOXICITY_LABELS.index("identity_hate")
        right = np.array([r.toxicity[place] > 0.5 for r in self.read(row["text"] for row in some)])
        return (
            f"hatecheck {functionality}",
            f"accuracy, {len(some)} rows",
            f"{100 * right.mean():.1f}",
            "-",
            anchor,
        )

    def ekman(self) -> Result:
        """GoEmotions in seven classes, macro F1, one threshold a class from the dev part."""
        both = rows(self.data, "goemotions_ekman")
        scores = np.array([reading.emotion for reading in self.read(row["text"] for row in both)])
        truth = np.array([[name in row["labels"] for name in EMOTIONS] for row in both])
        dev = np.array([row["split"] == "dev" for row in both])
        cuts = [_best_cut(truth[dev, i], scores[dev, i]) for i in range(len(EMOTIONS))]
        truth, guess = truth[~dev], (scores > np.array(cuts))[~dev]

        def score(at: np.ndarray) -> float:
            return float(f1_score(truth[at], guess[at], average="macro", zero_division=0))

        title = f"macro F1, {len(truth)} test rows, cuts from dev"
        return "goemotions_ekman", title, interval(truth, score), "-", "BERT 62.4"

    def emotions(self, name: str, classes: Sequence[str], anchor: str, average: str) -> Result:
        """Single-label emotion by the largest score among ``classes``, on the test part."""
        test = [
            row for row in rows(self.data, name) if row["split"] == "test" and row["labels"][0] in classes
        ]
        places = [EMOTIONS.index(c) for c in classes]  # type: ignore[arg-type]
        truth = np.array([list(classes).index(row["labels"][0]) for row in test])
        scores = np.array([reading.emotion for reading in self.read(row["text"] for row in test)])[:, places]
        guess = scores.argmax(axis=1)

        def score(at: np.ndarray) -> float:
            return float(f1_score(truth[at], guess[at], average=average))

        return (
            name,
            f"{average} F1 of {len(classes)}, {len(test)} test rows",
            interval(test, score),
            "-",
            anchor,
        )

    def brighter(self) -> list[Result]:
        """BRIGHTER by language: mean over annotated emotions of the AUC (thresholds would need more rows)."""
        both = list(rows(self.data, "brighter_dev"))
        found = []
        for language in sorted({row["lang"] for row in both}):
            some = [row for row in both if row["lang"] == language]
            scores = np.array([reading.emotion for reading in self.read(row["text"] for row in some)])
            areas = []
            for name in some[0]["annotated"]:
                truth = np.array([name in row["labels"] for row in some])
                if truth.any() and not truth.all():
                    areas.append(roc_auc_score(truth, scores[:, EMOTIONS.index(name)]))
            found.append(
                (
                    f"brighter {language}",
                    f"mean AUC, {len(some)} rows",
                    f"{100 * np.mean(areas):.1f}",
                    "-",
                    "-",
                )
            )
        return found

    def everyday(self) -> list[Result]:
        """Our own everyday lines by language: share right, and share read as the very opposite."""
        found = []
        for language, parts in tomllib.loads(EVERYDAY.read_text(encoding="utf-8")).items():
            lines = [
                (text, SENTIMENT_CLASSES.index(name)) for name in SENTIMENT_CLASSES for text in parts[name]
            ]
            truth = np.array([label for _, label in lines])
            ours = np.array([_class(reading) for reading in self.read(text for text, _ in lines)])
            shown = f"{100 * (ours == truth).mean():.0f} / {100 * (abs(ours - truth) == 2).mean():.0f}"
            title = f"right / inverted, {len(lines)} lines of our own"
            found.append((f"everyday {language}", title, shown, "-", "-"))
        return found

    def irony(self) -> Result:
        """Share of ironic tweets whose sentiment is not read as positive."""
        test = [row for row in rows(self.data, "tweeteval_irony") if row["label"] == "irony"]
        right = [_class(reading) != 2 for reading in self.read(row["text"] for row in test)]
        vader = [_cut(_vader(row["text"])) != 2 for row in test]
        shown = f"{100 * np.mean(right):.1f}"
        return (
            "tweeteval_irony",
            f"ironic not positive, {len(test)} rows",
            shown,
            f"{100 * np.mean(vader):.1f}",
            "-",
        )

    def valence(self) -> Result:
        """Correlation with the human valence of tweets."""
        some = rows(self.data, "vader_icwsm_tweets")
        truth = np.array([row["valence"] for row in some])
        ours = np.array([reading.sentiment for reading in self.read(row["text"] for row in some)])
        vader = np.array([_vader(row["text"]) for row in some])
        shown = [f"{np.corrcoef(truth, guess)[0, 1]:.3f}" for guess in (ours, vader)]
        return "vader_icwsm_tweets", f"Pearson r, {len(some)} rows", shown[0], shown[1], "VADER .872"


async def twitch(data: Path) -> Result:
    """Three-class accuracy of the whole ensemble on Twitch messages."""
    some = rows(data, "emote_controlled_a")
    alone = Settings.model_validate({"sentiment": {"learn_emotes": False}})  # rows are no chat to learn from
    async with AdvancedSentimentAnalyzer(alone) as analyzer:
        found = await analyzer.analyze_batch([ChatMessage("viewer", row["text"]) for row in some])
    truth = np.array([("negative", "neutral", "positive").index(row["label"]) for row in some])
    ours = np.array([_cut(a["sentiment"]["aggregate"]["score"]) for a in found])
    vader = np.array([_cut(_vader(row["text"])) for row in some])

    def score(guess: np.ndarray) -> Callable[[np.ndarray], float]:
        return lambda at: float((truth[at] == guess[at]).mean())

    title = f"accuracy of the whole ensemble, {len(some)} rows"
    return (
        "emote_controlled_a",
        title,
        interval(some, score(ours)),
        interval(some, score(vader)),
        "best published 63.8",
    )


def _class(reading: Reading) -> int:
    return _cut(reading.sentiment)


def _cut(score: float) -> int:
    """Negative, neutral or positive by the analyser's own cuts."""
    return 0 if score < 0.4 else 1 if score <= 0.6 else 2


def _vader(text: str) -> float:
    score = vader_score(clean(text), "en")
    return 0.5 if score is None else score


def _best_cut(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(
        max(np.linspace(0.05, 0.9, 86), key=lambda cut: f1_score(truth, scores > cut, zero_division=0))
    )


def measure(data: Path, model: Path) -> list[Result]:
    """Every row of the table."""
    bench = Bench(data, model)
    return [
        bench.sentiment("tweeteval_sentiment", "RoBERTa-base 71.3, BERTweet 73.4"),
        *bench.umsab(),
        *bench.everyday(),
        bench.irony(),
        bench.valence(),
        asyncio.run(twitch(data)),
        bench.ekman(),
        bench.emotions("tweeteval_emotion", ("anger", "joy", "sadness"), "-", "macro"),
        bench.emotions("meld", EMOTIONS, "in-domain TF-IDF 53.9", "weighted"),
        *bench.brighter(),
        bench.toxic("tweeteval_offensive", "RoBERTa-base 79.5"),
        bench.auc("jigsaw2018_test_a", "alt-profanity-check 95.9"),
        bench.auc("conda_valid", "alt-profanity-check 74.1"),
        bench.hatecheck(),
        bench.hatecheck_of("spell_leet_h", "Perspective 68.2"),
        bench.hatecheck_of("spell_space_add_h", "Perspective 74.0"),
        bench.auc("hatecheck", "alt-profanity-check 46.8", "identity_hate", "hateful"),
        bench.auc("hatemojicheck", "same tools 56 to 61", "identity_hate", "hateful"),
        bench.auc("ja_toxic", "not claimed"),
    ]


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, default=BUNDLED_PATH)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    table = markdown(("set", "measure", "ours", "VADER", "anchor"), measure(given.data, given.model))
    print(table)
    if given.write:
        for page in ("docs/reference/quality.md", "hikari_ml/models/weights/MODEL_CARD.md"):
            write(page, "chat-model", table)


if __name__ == "__main__":
    main()
