"""Quality of the bundled chat model on public development sets, beside what a user would pick instead.

    python -m benchmarks.quality.chat_model --data DIR [--train DIR] [--model FILE] [--write]

``--data`` holds the sets as JSON lines (docs/reference/quality.md gives names and shapes), ``--train`` what
TF-IDF is trained on. A threshold is chosen on the validation part of a set and applied to its test part.
``--write`` puts the table into the docs and the model card.
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

from benchmarks.quality.rivals import NEGATIVE, POSITIVE, Answers, Rivals, vader
from benchmarks.table import markdown, write
from hikari_ml import AdvancedSentimentAnalyzer, ChatMessage, Settings
from hikari_ml.models.catalog import BUNDLED_PATH
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.reading import Reading
from hikari_ml.results import EMOTIONS, SENTIMENT_CLASSES, TOXICITY_LABELS
from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.normalize import clean

HERE = Path(__file__).parent
SEED_VOTE = {"vote": "weighted", "weights": {"bert": 0.5, "vader": 0.3, "emoji": 0.2}}
Row = dict[str, Any]
Result = tuple[str, str, str, str, str]
"""Set, metric with rows, ours, others on the same rows, what others published."""

Score = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""The measure of guesses: of truth, guesses and the rows drawn."""


def rows(data: Path, name: str) -> list[Row]:
    """The rows of one set."""
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def macro_recall(truth: np.ndarray, guess: np.ndarray, at: np.ndarray) -> float:
    """TweetEval's measure of sentiment."""
    return float(recall_score(truth[at], guess[at], average="macro", zero_division=0))


def macro_f1(truth: np.ndarray, guess: np.ndarray, at: np.ndarray) -> float:
    """Mean F1 of the classes."""
    return float(f1_score(truth[at], guess[at], average="macro", zero_division=0))


def weighted_f1(truth: np.ndarray, guess: np.ndarray, at: np.ndarray) -> float:
    """Mean F1 of the classes by how often they occur."""
    return float(f1_score(truth[at], guess[at], average="weighted", zero_division=0))


def accuracy(truth: np.ndarray, guess: np.ndarray, at: np.ndarray) -> float:
    """Share that is right."""
    return float((truth[at] == guess[at]).mean())


def area(truth: np.ndarray, guess: np.ndarray, at: np.ndarray) -> float:
    """Area under the ROC curve."""
    return float(roc_auc_score(truth[at], guess[at]))


def shown(truth: np.ndarray, guess: np.ndarray, score: Score, rounds: int = 200) -> str:
    """A measure with its 95 % bootstrap interval, in percent."""
    rng, n = np.random.default_rng(0), len(truth)
    drawn = [score(truth, guess, rng.integers(0, n, n)) for _ in range(rounds)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{100 * score(truth, guess, np.arange(n)):.1f} ({100 * low:.1f} to {100 * high:.1f})"


def result(
    name: str, title: str, truth: np.ndarray, ours: np.ndarray, others: Answers, score: Score, anchor: str
) -> Result:
    """One row of the table."""
    every = np.arange(len(truth))
    beside = [f"{rival} {100 * score(truth, guess, every):.1f}" for rival, guess in others.items()]
    return name, title, shown(truth, ours, score), ", ".join(beside) or "-", anchor


class Bench:
    """The model, its readings kept, the rivals, and the sets."""

    def __init__(self, data: Path, model: Path, rivals: Rivals) -> None:
        self.data = data
        self.rivals = rivals
        self.model = model
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

    def classes(self, texts: Iterable[str]) -> np.ndarray:
        """Negative, neutral or positive by the analyser's own cuts."""
        return np.array([_cut(reading.sentiment) for reading in self.read(texts)])

    def toxicities(self, texts: Iterable[str], label: str) -> np.ndarray:
        """The score of one kind of toxicity."""
        place = TOXICITY_LABELS.index(label)  # type: ignore[arg-type]
        return np.array([reading.toxicity[place] for reading in self.read(texts)])

    def feelings(self, texts: Iterable[str]) -> np.ndarray:
        """The seven emotions: [N, 7]."""
        return np.array([reading.emotion for reading in self.read(texts)])

    def sentiment(self, name: str, anchor: str) -> Result:
        """Macro recall on the test part."""
        test = [row for row in rows(self.data, name) if row.get("split") == "test"]
        texts, truth = _labelled(test)
        title = f"macro recall, {len(test)} test rows"
        others = self.rivals.sentiment(texts)
        return result(name, title, truth, self.classes(texts), others, macro_recall, anchor)

    def umsab(self) -> list[Result]:
        """Macro F1 by language on the test part."""
        test = [row for row in rows(self.data, "umsab") if row["split"] == "test"]
        found = []
        for language in sorted({row["lang"] for row in test}):
            texts, truth = _labelled([row for row in test if row["lang"] == language])
            others = self.rivals.sentiment(texts)
            del others["VADER"]  # it knows English words alone
            title, ours = f"macro F1, {len(texts)} test rows", self.classes(texts)
            found.append(
                result(f"umsab {language}", title, truth, ours, others, macro_f1, "XLM-T 69.4 over 8")
            )
        return found

    def toxic(self, name: str, anchor: str) -> Result:
        """Macro F1 of toxic or not, every threshold chosen on the validation part."""
        both = rows(self.data, name)
        texts = [row["text"] for row in both]
        truth = np.array([row["labels"]["toxic"] for row in both])
        val = np.array([row["split"] == "val" for row in both])
        every = {"ours": self.toxicities(texts, "toxic"), **self.rivals.toxicity(texts)}
        cuts = {who: _best_macro_cut(truth[val], scores[val]) for who, scores in every.items()}
        guess = {who: (scores > cuts[who])[~val] for who, scores in every.items()}
        title = f"macro F1, {(~val).sum()} test rows, cut {cuts['ours']:.2f} from validation"
        return result(name, title, truth[~val], guess.pop("ours"), guess, macro_f1, anchor)

    def auc(self, name: str, anchor: str, label: str = "toxic", target: str | None = None) -> Result:
        """Area under the ROC curve of one kind of toxicity."""
        some = rows(self.data, name)
        texts = [row["text"] for row in some]
        truth = np.array([row[target] if target else row["labels"][label] for row in some])
        others = self.rivals.toxicity(texts, label)
        ours = self.toxicities(texts, label)
        return result(f"{name} ({label})", f"AUC, {len(some)} rows", truth, ours, others, area, anchor)

    def hatecheck(self) -> Result:
        """Accuracy at 0.5 of the identity-hate score, all and non-hateful."""
        some = rows(self.data, "hatecheck")
        texts = [row["text"] for row in some]
        truth = np.array([row["hateful"] for row in some]).astype(bool)
        scores = {"": self.toxicities(texts, "identity_hate"), **self.rivals.toxicity(texts, "identity_hate")}
        both = {
            who: f"{100 * (right := (score > 0.5) == truth).mean():.1f} / {100 * right[~truth].mean():.1f}"
            for who, score in scores.items()
        }
        ours = both.pop("")
        beside = ", ".join(f"{who} {figure}" for who, figure in both.items())
        title = f"accuracy all / non-hateful, {len(some)} rows"
        return "hatecheck", title, ours, beside or "-", "Perspective 76.6 / 48.2"

    def hatecheck_of(self, functionality: str, anchor: str) -> Result:
        """Accuracy at 0.5 of the identity-hate score on one kind of hateful case."""
        some = [row for row in rows(self.data, "hatecheck") if row["functionality"] == functionality]
        texts, truth = [row["text"] for row in some], np.ones(len(some), bool)
        others = {who: score > 0.5 for who, score in self.rivals.toxicity(texts, "identity_hate").items()}
        ours = self.toxicities(texts, "identity_hate") > 0.5
        name, title = f"hatecheck {functionality}", f"accuracy, {len(some)} rows"
        return result(name, title, truth, ours, others, accuracy, anchor)

    def ekman(self) -> Result:
        """GoEmotions in seven classes, macro F1, one threshold a class from the dev part."""
        both = rows(self.data, "goemotions_ekman")
        texts = [row["text"] for row in both]
        truth = np.array([[name in row["labels"] for name in EMOTIONS] for row in both])
        dev = np.array([row["split"] == "dev" for row in both])
        guess = {}
        for who, scores in {"ours": self.feelings(texts), **self.rivals.emotion(texts)}.items():
            cuts = [_best_cut(truth[dev, i], scores[dev, i]) for i in range(len(EMOTIONS))]
            guess[who] = (scores > np.array(cuts))[~dev]
        title = f"macro F1, {(~dev).sum()} test rows, cuts from dev"
        ours = guess.pop("ours")
        return result("goemotions_ekman", title, truth[~dev], ours, guess, macro_f1, "BERT 62.4")

    def emotions(self, name: str, classes: Sequence[str], anchor: str, score: Score, average: str) -> Result:
        """Single-label emotion by the largest score among ``classes``, on the test part."""
        test = [
            row for row in rows(self.data, name) if row["split"] == "test" and row["labels"][0] in classes
        ]
        texts = [row["text"] for row in test]
        places = [EMOTIONS.index(c) for c in classes]  # type: ignore[arg-type]
        truth = np.array([list(classes).index(row["labels"][0]) for row in test])
        every = {"ours": self.feelings(texts), **self.rivals.emotion(texts)}
        guess = {who: scores[:, places].argmax(axis=1) for who, scores in every.items()}
        title = f"{average} F1 of {len(classes)}, {len(test)} test rows"
        return result(name, title, truth, guess.pop("ours"), guess, score, anchor)

    def brighter(self) -> list[Result]:
        """BRIGHTER by language: mean over annotated emotions of the AUC (thresholds would need more rows)."""
        both = rows(self.data, "brighter_dev")
        found = []
        for language in sorted({row["lang"] for row in both}):
            some = [row for row in both if row["lang"] == language]
            texts = [row["text"] for row in some]
            every = {"": self.feelings(texts), **self.rivals.emotion(texts)}
            areas = {who: f"{100 * _mean_area(some, scores):.1f}" for who, scores in every.items()}
            ours = areas.pop("")
            beside = ", ".join(f"{who} {figure}" for who, figure in areas.items())
            found.append((f"brighter {language}", f"mean AUC, {len(some)} rows", ours, beside or "-", "-"))
        return found

    def everyday(self) -> list[Result]:
        """Our own everyday lines by language: share right, and share read as the very opposite."""
        found = []
        for language, parts in _own("everyday").items():
            lines = [
                (text, SENTIMENT_CLASSES.index(name)) for name in SENTIMENT_CLASSES for text in parts[name]
            ]
            truth = np.array([label for _, label in lines])
            ours = self.classes(text for text, _ in lines)
            figure = f"{100 * (ours == truth).mean():.0f} / {100 * (abs(ours - truth) == 2).mean():.0f}"
            title = f"right / inverted, {len(lines)} lines of our own"
            found.append((f"everyday {language}", title, figure, "-", "-"))
        return found

    def irony(self) -> Result:
        """Share of ironic tweets whose sentiment is not read as positive."""
        test = [row["text"] for row in rows(self.data, "tweeteval_irony") if row["label"] == "irony"]
        others = {who: guess != 2 for who, guess in self.rivals.sentiment(test).items()}
        title = f"ironic not positive, {len(test)} rows"
        ours = self.classes(test) != 2
        return result("tweeteval_irony", title, np.ones(len(test), bool), ours, others, accuracy, "-")

    def valence(self) -> Result:
        """Correlation with the human valence of tweets."""
        some = rows(self.data, "vader_icwsm_tweets")
        truth = np.array([row["valence"] for row in some])
        ours = np.array([reading.sentiment for reading in self.read(row["text"] for row in some)])
        theirs = np.array([vader(row["text"]) for row in some])
        ours, theirs = (f"{np.corrcoef(truth, guess)[0, 1]:.3f}" for guess in (ours, theirs))
        return "vader_icwsm_tweets", f"Pearson r, {len(some)} rows", ours, f"VADER {theirs}", "VADER .872"

    def vote(self) -> list[Result]:
        """The whole ensemble: tweets, Twitch, the lines its vote was chosen by, sarcasm and negation."""
        some = rows(self.data, "emote_controlled_a")
        tweets, tweeted = _labelled(
            [row for row in rows(self.data, "tweeteval_sentiment") if row.get("split") == "test"]
        )
        lines, labels = _emote_lines()
        ours = asyncio.run(ensemble(self.model, tweets))
        title = f"macro recall of the whole ensemble, {len(tweets)} test rows"
        others = self.rivals.sentiment(tweets)
        found = [result("tweeteval_sentiment", title, tweeted, ours, others, macro_recall, "BERTweet 73.4")]
        for name, texts, truth, anchor in (
            ("emote_controlled_a", *_labelled(some), "best published 63.8"),
            ("emote lines (the vote was chosen on them)", lines, labels, "-"),
        ):
            seed = {"vote of .5/.3/.2": asyncio.run(ensemble(self.model, texts, SEED_VOTE))}
            others = {**seed, **self.rivals.sentiment(texts)}
            ours = asyncio.run(ensemble(self.model, texts))
            title = f"accuracy of the whole ensemble, {len(texts)} rows"
            found.append(result(name, title, truth, ours, others, accuracy, anchor))
        for name, texts in _own("sarcasm").items():
            ours = asyncio.run(ensemble(self.model, texts)) != 2
            others = {who: guess != 2 for who, guess in self.rivals.sentiment(texts).items()}
            title = f"not read as positive, {len(texts)} lines of our own"
            found.append(result(name, title, np.ones(len(texts), bool), ours, others, accuracy, "-"))
        return found


async def ensemble(model: Path, texts: Sequence[str], sentiment: dict[str, Any] | None = None) -> np.ndarray:
    """Three classes by the analyser with all its members; the rows are no chat to learn emotes from."""
    settings = Settings.model_validate({"sentiment": {"learn_emotes": False, **(sentiment or {})}})
    models = "bundled" if model == BUNDLED_PATH else model
    async with AdvancedSentimentAnalyzer(settings, models=models) as analyzer:
        found = await analyzer.analyze_batch([ChatMessage("viewer", text) for text in texts])
    return np.array([_cut(analysis["sentiment"]["aggregate"]["score"]) for analysis in found])


def _labelled(some: list[Row]) -> tuple[list[str], np.ndarray]:
    truth = [SENTIMENT_CLASSES.index(row["label"]) for row in some]
    return [row["text"] for row in some], np.array(truth)


def _own(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _emote_lines() -> tuple[list[str], np.ndarray]:
    parts = _own("emote_lines")
    lines = [
        (text, label)
        for group in (parts, parts["apart"])
        for label, name in enumerate(SENTIMENT_CLASSES)
        for text in group[name]
    ]
    return [text for text, _ in lines], np.array([label for _, label in lines])


def _cut(score: float) -> int:
    return 0 if score < NEGATIVE else 1 if score <= POSITIVE else 2


def _mean_area(some: list[Row], scores: np.ndarray) -> float:
    areas = []
    for name in some[0]["annotated"]:
        truth = np.array([name in row["labels"] for row in some])
        if truth.any() and not truth.all():
            areas.append(roc_auc_score(truth, scores[:, EMOTIONS.index(name)]))
    return float(np.mean(areas))


def _best_macro_cut(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(
        max(np.linspace(0.05, 0.95, 91), key=lambda cut: f1_score(truth, scores > cut, average="macro"))
    )


def _best_cut(truth: np.ndarray, scores: np.ndarray) -> float:
    return float(
        max(np.linspace(0.05, 0.9, 86), key=lambda cut: f1_score(truth, scores > cut, zero_division=0))
    )


def measure(data: Path, model: Path, train: Path | None) -> list[Result]:
    """Every row of the table."""
    bench = Bench(data, model, Rivals(train))
    return [
        bench.sentiment("tweeteval_sentiment", "RoBERTa-base 71.3, BERTweet 73.4"),
        *bench.umsab(),
        *bench.everyday(),
        bench.irony(),
        bench.valence(),
        *bench.vote(),
        bench.ekman(),
        bench.emotions("tweeteval_emotion", ("anger", "joy", "sadness"), "-", macro_f1, "macro"),
        bench.emotions("meld", EMOTIONS, "in-domain TF-IDF 53.9", weighted_f1, "weighted"),
        *bench.brighter(),
        bench.toxic("tweeteval_offensive", "RoBERTa-base 79.5"),
        bench.auc("jigsaw2018_test_a", "BERT-class about 98"),
        bench.auc("conda_valid", "-"),
        bench.hatecheck(),
        bench.hatecheck_of("spell_leet_h", "Perspective 68.2"),
        bench.hatecheck_of("spell_space_add_h", "Perspective 74.0"),
        bench.auc("hatecheck", "-", "identity_hate", "hateful"),
        bench.auc("hatemojicheck", "-", "identity_hate", "hateful"),
        bench.auc("ja_toxic", "not claimed"),
    ]


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--model", type=Path, default=BUNDLED_PATH)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = measure(given.data, given.model, given.train)
    table = markdown(("set", "measure", "ours", "others, same rows", "published"), found)
    print(table)
    if given.write:
        for page in ("docs/reference/quality.md", "hikari_ml/models/weights/MODEL_CARD.md"):
            write(page, "chat-model", table)


if __name__ == "__main__":
    main()
