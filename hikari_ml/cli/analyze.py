"""``hikari-ml analyze``: what one message says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.output import out, print_json

if TYPE_CHECKING:
    from hikari_ml.results import MessageAnalysis

BAR = 24
SHOWN_FROM = 0.2


def analyze(
    text: Annotated[str, typer.Argument(help="The message, in quotes.")],
    username: Annotated[str, typer.Option(help="Who said it.")] = "viewer",
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
) -> None:
    """Say what a message says: sentiment, emotion, toxicity and how one might answer.

    Example: hikari-ml analyze "This stream is absolutely amazing! 🔥"
    """
    result = asyncio.run(_analyze(text, username))
    if as_json:
        print_json(result)
    else:
        _show(result)


async def _analyze(text: str, username: str) -> MessageAnalysis:
    from hikari_ml.sentiment_analysis.analyzer import AdvancedSentimentAnalyzer

    async with AdvancedSentimentAnalyzer() as analyzer:
        return await analyzer.analyze_message(text, username)


def _show(result: MessageAnalysis) -> None:
    from rich.table import Table
    from rich.text import Text

    sentiment, emotion, toxicity = result["sentiment"], result["emotion"], result["toxicity"]
    aggregate, advice = sentiment["aggregate"], result["response_recommendation"]
    table = Table(
        show_header=False, box=None, pad_edge=False, title=Text(result["text"] or "(blank)", "bold")
    )
    table.add_column(style="dim", justify="right")
    table.add_column()
    table.add_row("sentiment", f"{_bar(aggregate['score'])} {aggregate['label']}")
    table.add_row("confidence", f"{aggregate['confidence']:.2f}")
    for name in ("bert", "vader", "emoji"):
        score, weight = sentiment[name]["score"], sentiment["weights"][name]
        read = name in sentiment["members_used"]
        table.add_row(name, f"{score:.2f}  weight {weight:.2f}" if read else "nothing to read")
    table.add_row("", "")
    unread = f"not read in this language ({result['language']})"
    if f"emotion:{result['language']}" in result["degraded"]:
        table.add_row("emotion", unread)
    else:
        for label, likely in sorted(emotion["scores"].items(), key=lambda item: -item[1])[:3]:
            table.add_row(label, _bar(likely))
    table.add_row("", "")
    toxic = "[bold red]toxic[/bold red]" if toxicity["is_toxic"] else "not toxic"
    if f"toxicity:{result['language']}" in result["degraded"]:
        table.add_row("toxicity", unread)
    else:
        table.add_row("toxicity", f"{_bar(toxicity['overall'])} {toxic}")
    for category, likely in toxicity["categories"].items():
        if likely >= SHOWN_FROM:
            table.add_row(category, f"{likely:.2f}")
    table.add_row("", "")
    table.add_row("language", result["language"])
    if result["entities"]:
        names = (f"{entity['text']} ({entity['label']})" for entity in result["entities"])
        table.add_row("entities", Text(", ".join(names)))
    if result["keywords"]:
        table.add_row("keywords", Text(", ".join(result["keywords"])))
    answer = f"{advice['tone']}, priority {advice['priority']}"
    table.add_row("answer", f"{answer} ({', '.join(advice['reasons'])})" if advice["reasons"] else answer)
    if result["degraded"]:
        table.add_row("degraded", ", ".join(result["degraded"]))
    out.print(table)


def _bar(score: float) -> str:
    full = round(score * BAR)
    return f"[cyan]{'█' * full}[/cyan][dim]{'░' * (BAR - full)}[/dim] {score:.2f}"
