"""What ``hikari-ml memory`` finds, as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hikari_ml.cli.output import err, out, spoken

if TYPE_CHECKING:
    from hikari_ml.results import Memory, MemoryStats, Relation, Theme, Verification

SHOWN_FAULTS: Final = 50
"""Faults that are listed; the rest is only counted."""


NONE_RELEVANT: Final = "nothing remembered is about this; the nearest:"


def relevant(memory: Memory) -> bool:
    """Whether a hit has to do with what was asked, rather than being merely the nearest.

    It does if it is near enough in meaning or shares a word, as everywhere; and so does what follows a
    question that is, because an answer rarely repeats it.
    """
    from hikari_ml.context_memory.recall import is_relevant

    return is_relevant(memory["why"]) or memory["why"].get("answers") is not None


def show_memories(found: list[Memory]) -> None:
    """The memories that a search found, with who, when and why; marked where they are merely the nearest."""
    from rich.table import Table
    from rich.text import Text

    about = [relevant(memory) for memory in found]
    if not any(about):
        out.print(NONE_RELEVANT)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("memory", "who", "when", "tier", "score", "why"):
        table.add_column(name, justify="right" if name == "score" else "left")
    for memory, is_about in zip(found, about, strict=True):
        mark = "" if is_about else "hardly about it: "
        table.add_row(
            spoken(memory["content"]),
            spoken(str(memory["metadata"].get("user") or "-")),
            memory["created_at"][:16].replace("T", " "),
            memory["tier"].replace("_", "-"),
            f"{memory['score']:.2f}",
            Text(mark + _reasons(memory), style="dim"),
        )
    out.print(table)
    show_degraded(found[0]["degraded"])


def _reasons(memory: Memory) -> str:
    """The terms of a score in plain words."""
    why = memory["why"]
    reasons = []
    if (rank := why.get("meaning_rank")) is not None:
        reasons.append(f"{_ranked(rank)} by meaning ({why['meaning']:.2f})")
    if (rank := why.get("words_rank")) is not None:
        reasons.append(f"{_ranked(rank)} by its words")
    if not reasons and (why.get("meaning_window_rank") or why.get("words_window_rank")):
        reasons.append("said next to what matches")
    if why.get("answers") is not None:
        reasons.append("follows a question that matches")
    if why.get("named") == 1:
        reasons.append("said by whom you name")
    return ", ".join(reasons) or "nothing but its being there"


def _ranked(rank: Any) -> str:
    return {1: "best", 2: "second", 3: "third"}.get(rank, f"no. {rank}")


def show_stats(result: MemoryStats) -> None:
    """How much is remembered."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", justify="right")
    table.add_column()
    table.add_row("memories", f"{result['total']:,} of {result['users']:,} people")
    table.add_row("superseded", f"{result['superseded']:,}")
    table.add_row("tiers", _counts(result["by_tier"]))
    table.add_row("types", spoken(_counts(result["by_type"])))
    table.add_row("episodes", f"{result['episodes']:,}")
    table.add_row("graph", f"{result['graph']['nodes']:,} names, {result['graph']['edges']:,} relations")
    table.add_row("from", result["oldest"] or "-")
    table.add_row("to", result["newest"] or "-")
    table.add_row("size", f"{result['bytes'] / 1e6:.1f} MB")
    table.add_row("model", Text(result["model"]))
    out.print(table)
    show_degraded(result["degraded"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', '-')}" for name, count in counts.items()) or "-"


def show_relations(relations: list[Relation]) -> None:
    """Who and what belong together."""
    from rich.table import Table

    if not relations:
        out.print("no relations are known")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("who", "relation", "what", "strength", "memories"):
        table.add_column(name, justify="right" if name in ("strength", "memories") else "left")
    for edge in relations:
        names = (spoken(text) for text in (edge["source"], edge["kind"], edge["target"]))
        table.add_row(*names, f"{edge['strength']:.2f}", f"{edge['evidence']:,}")
    out.print(table)


def show_themes(found: list[Theme]) -> None:
    """What the memories are about."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("theme", "memories", "people", "from", "to", "typical"):
        table.add_column(name, justify="right" if name in ("memories", "people") else "left")
    for theme in found:
        times = (theme[end][:10] for end in ("start", "end"))
        counts = (f"{theme['size']:,}", f"{len(theme['users']):,}")
        table.add_row(spoken(theme["name"]), *counts, *times, spoken(theme["central"]))
    out.print(table)
    tiers = "long-term memories" if found[0]["scope"] == "long_term" else "memories of all tiers"
    out.print(f"among {found[0]['among']:,} {tiers}", style="dim", highlight=False)
    show_degraded(found[0]["degraded"])


def show_verification(result: Verification) -> None:
    """What is wrong with a memory, or that nothing is."""
    from rich.table import Table

    rows = ", ".join(f"{count:,} {table}" for table, count in result["rows"].items())
    out.print(f"read {rows}", highlight=False)
    faults = result["faults"]
    if not faults:
        out.print("[green]nothing is wrong[/green]")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("table", "key", "fault"):
        table.add_column(name, overflow="fold")
    for fault in faults[:SHOWN_FAULTS]:
        table.add_row(fault["table"], spoken(fault["key"]), spoken(fault["fault"]))
    out.print(table)
    more = f"; --json lists them all, here are {SHOWN_FAULTS}" if len(faults) > SHOWN_FAULTS else ""
    out.print(f"[red]{len(faults):,} rows are wrong[/red]{more}", highlight=False)


def show_degraded(degraded: list[str]) -> None:
    """What was done worse than asked for, beside the result."""
    if degraded:
        err.print(f"degraded: {', '.join(degraded)}", markup=False, highlight=False)
