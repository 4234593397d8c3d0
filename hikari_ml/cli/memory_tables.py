"""What ``hikari-ml memory`` finds, as tables in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hikari_ml.cli.output import err, out, spoken

if TYPE_CHECKING:
    from rich.table import Table

    from hikari_ml.results import Memory, MemoryStats, Relation, Theme, Verification

SHOWN_FAULTS: Final = 50
"""Faults that are listed; the rest is only counted."""

WHOLE: Final = frozenset({"when", "from", "to", "tier", "score", "strength", "memories", "people"})
"""Columns that are not folded where there is room: a day, a tier or a number is read as a whole."""

NARROW: Final = 50
"""Characters of a terminal in which there is no such room."""

WIDE: Final = 100
"""Characters of a terminal in which day and hour stand side by side."""

NUMBERS: Final = frozenset({"score", "strength", "memories", "people"})
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
    from rich.text import Text

    about = [relevant(memory) for memory in found]
    if not any(about):
        out.print(NONE_RELEVANT)
    table = _table("memory", "who", "when", "tier", "score", "why")
    between = " " if out.width >= WIDE else "\n"
    for memory, is_about in zip(found, about, strict=True):
        mark = "" if is_about else "hardly about it: "
        table.add_row(
            spoken(memory["content"]),
            spoken(str(memory["metadata"].get("user") or "-")),
            memory["created_at"][:16].replace("T", between),
            memory["tier"].replace("_", "-"),
            f"{memory['score']:.2f}",
            Text(mark + _reasons(memory), style="dim"),
        )
    out.print(table)
    show_degraded(found[0]["degraded"])


def _table(*names: str) -> Table:
    """A table of these columns in which everything can be read, however narrow the terminal is."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in names:
        whole = name in WHOLE and out.width >= NARROW
        table.add_column(name, justify="right" if name in NUMBERS else "left", overflow="fold", no_wrap=whole)
    return table


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
    table.add_column(style="dim", justify="right", no_wrap=True)
    table.add_column(overflow="fold")
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


def show_relations(relations: list[Relation], total: int) -> None:
    """Who and what belong together, and of how many relations these are the strongest."""
    if not relations:
        out.print("no such relations are known")
        return
    table = _table("who", "relation", "what", "strength", "memories")
    for edge in relations:
        names = (spoken(text) for text in (edge["source"], edge["kind"], edge["target"]))
        table.add_row(*names, f"{edge['strength']:.2f}", f"{edge['evidence']:,}")
    out.print(table)
    if len(relations) < total:
        more = f"{len(relations):,} strongest of {total:,}; -k shows more, --out writes all there are"
        out.print(more, style="dim", highlight=False)


def show_themes(found: list[Theme]) -> None:
    """What the memories are about."""
    table = _table("theme", "memories", "people", "from", "to", "typical")
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
    rows = ", ".join(f"{count:,} {table}" for table, count in result["rows"].items())
    out.print(f"read {rows}", highlight=False)
    faults = result["faults"]
    if not faults:
        out.print("[green]nothing is wrong[/green]")
        return
    table = _table("table", "key", "fault")
    for fault in faults[:SHOWN_FAULTS]:
        table.add_row(fault["table"], spoken(fault["key"]), spoken(fault["fault"]))
    out.print(table)
    more = f"; --json lists them all, here are {SHOWN_FAULTS}" if len(faults) > SHOWN_FAULTS else ""
    out.print(f"[red]{len(faults):,} rows are wrong[/red]{more}", highlight=False)


def show_degraded(degraded: list[str]) -> None:
    """What was done worse than asked for, beside the result."""
    if degraded:
        err.print(f"degraded: {', '.join(degraded)}", markup=False, highlight=False)
