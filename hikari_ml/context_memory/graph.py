"""The knowledge graph: who and what belong together, and which memories say so."""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import blake2b
from itertools import combinations
from typing import Final

import networkx as nx

from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.relations import relations
from hikari_ml.context_memory.rows import Edge
from hikari_ml.context_memory.statement import worded
from hikari_ml.models.entities import Entity
from hikari_ml.results import Relation

STATED_DOUBT: Final = 0.4
"""What is left to doubt after one memory that states a relation."""

SEEN_DOUBT: Final = 0.6
"""What is left to doubt after one memory in which two names merely occur together."""

SEEN: Final = frozenset({"mentions", "with"})
MAX_ENTITIES: Final = 6
MAX_EVIDENCE: Final = 256
"""Memories kept as evidence of one edge; the strength has long saturated by then."""

Link = tuple[str, str, str]

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def links(record: Record, entities: Iterable[Entity]) -> list[Link]:
    """(source, kind, target) triples that ``record`` is evidence of; never a self loop.

    What a viewer says of themselves is stated; names in the text are only seen with them.
    """
    found: list[Link] = []
    names = list(dict.fromkeys(entity.text for entity in entities))[:MAX_ENTITIES]
    topic = record.metadata.get("topic")
    if record.user:
        words, about = worded(record.content), record.metadata.get("about")
        said = relations(words, about if isinstance(about, str) else None)
        found += [(record.user, kind, thing) for kind, thing in said]
        stated = {target.casefold() for _, _, target in found}
        found += [(record.user, "mentions", name) for name in names if name.casefold() not in stated]
        if isinstance(topic, str) and topic.strip():
            found.append((record.user, "about", topic))
    found += [(a, "with", b) for a, b in combinations(sorted(names), 2)]
    return [link for link in found if _node(link[0]) != _node(link[2])]


def edge_digest(link: Link) -> bytes:
    """The key of an edge; spelling in upper or lower case makes no difference."""
    return blake2b("\0".join(part.casefold() for part in link).encode(), digest_size=16).digest()


class KnowledgeGraph:
    """Edges of the store as a NetworkX graph, with the edges each memory supports.

    ``holds`` tells whether a memory (by key) still says (kind, thing): what it says no longer is no evidence
    now. An edge without any that holds is kept aside, for the day on which it holds again.
    """

    def __init__(self, holds: Callable[[int, str, str], bool] = lambda key, kind, thing: True) -> None:
        self._holds = holds
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        self._supported: dict[int, set[bytes]] = defaultdict(set)
        self._edges: dict[bytes, Edge] = {}

    def put(self, digest: bytes, edge: Edge) -> None:
        """Set an edge to what the store now says; without evidence it goes, and so do lone nodes."""
        self._drop(digest)
        if not edge.evidence:
            return
        self._edges[digest] = edge
        for key in edge.evidence:
            self._supported[key].add(digest)
        current = self._current(edge)
        if not current.evidence:
            return
        source, target = _node(edge.source), _node(edge.target)
        for node, label in ((source, edge.source), (target, edge.target)):
            if node not in self.graph:
                self.graph.add_node(node, label=label)
        strength = edge_strength(current)
        self.graph.add_edge(source, target, key=edge.kind, strength=strength, evidence=len(current.evidence))

    def refresh(self, keys: Iterable[int]) -> None:
        """Weigh anew the edges that memories support, because what they say holds again or no longer."""
        for digest in set().union(*(self._supported.get(key, set()) for key in keys)):
            self.put(digest, self._edges[digest])

    def without(self, keys: Iterable[int]) -> dict[bytes, Edge]:
        """What the edges supported by ``keys`` become when those memories go."""
        gone = set(keys)
        digests = set().union(*(self._supported.get(key, set()) for key in gone))
        return {
            digest: replace(
                self._edges[digest],
                evidence=tuple(key for key in self._edges[digest].evidence if key not in gone),
            )
            for digest in digests
        }

    def touching(self, name: str) -> dict[bytes, Edge]:
        """Every edge that starts or ends at ``name``."""
        node = _node(name)
        return {
            digest: edge
            for digest, edge in self._edges.items()
            if node in (_node(edge.source), _node(edge.target))
        }

    def associations(self, name: str, max_hops: int) -> list[tuple[str, float]]:
        """What ``name`` is connected with over at most ``max_hops`` edges, strongest first.

        The strength of a path is the product of its edges', and the strongest path counts. Relations
        are followed both ways.
        """
        start = _node(name)
        if start not in self.graph:
            return []
        best: dict[str, float] = {}
        queue: list[tuple[float, int, str]] = [(-1.0, 0, start)]
        seen: dict[tuple[str, int], float] = {}
        fewest: dict[str, int] = {}
        while queue:
            negative, hops, node = heapq.heappop(queue)
            if fewest.get(node, hops + 1) <= hops:
                continue  # a stronger path has led here over no more edges
            fewest[node] = hops
            best[node] = max(best.get(node, 0.0), -negative)
            if hops == max_hops:
                continue
            for neighbour, strength in self._neighbours(node).items():
                reached = -negative * strength
                if reached > seen.get((neighbour, hops + 1), 0.0):
                    seen[neighbour, hops + 1] = reached
                    heapq.heappush(queue, (-reached, hops + 1, neighbour))
        best.pop(start)
        labels = self.graph.nodes
        found = [(str(labels[node]["label"]), strength) for node, strength in best.items()]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def relations(self, k: int) -> list[Relation]:
        """The ``k`` strongest edges, ties by name."""
        edges = [edge for edge in map(self._current, self._edges.values()) if edge.evidence]
        best = heapq.nsmallest(k, edges, key=lambda e: (-edge_strength(e), e.source, e.kind, e.target))
        return [
            {
                "source": edge.source,
                "kind": edge.kind,
                "target": edge.target,
                "strength": edge_strength(edge),
                "evidence": len(edge.evidence),
            }
            for edge in best
        ]

    def portable(self) -> nx.MultiDiGraph[str]:
        """A copy for other programs: ``label`` and ``weight`` as they expect them, text that XML can hold."""
        found: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        for node in sorted(self.graph.nodes):
            found.add_node(_printable(node), label=_printable(self.graph.nodes[node]["label"]))
        edges = (self._current(edge) for _, edge in sorted(self._edges.items(), key=lambda item: item[0]))
        for number, edge in enumerate(edge for edge in edges if edge.evidence):
            found.add_edge(
                _printable(_node(edge.source)),
                _printable(_node(edge.target)),
                key=number,
                label=_printable(edge.kind),
                weight=edge_strength(edge),
                evidence=len(edge.evidence),
            )
        return found

    def _neighbours(self, node: str) -> dict[str, float]:
        """The strongest edge to each neighbour, in either direction."""
        found: dict[str, float] = {}
        both = [(t, d) for _, t, d in self.graph.out_edges(node, data=True)]
        both += [(s, d) for s, _, d in self.graph.in_edges(node, data=True)]
        for neighbour, data in both:
            found[neighbour] = max(found.get(neighbour, 0.0), data["strength"])
        return found

    def _current(self, edge: Edge) -> Edge:
        """An edge with the evidence that still holds."""
        evidence = tuple(key for key in edge.evidence if self._holds(key, edge.kind, edge.target))
        return edge if evidence == edge.evidence else replace(edge, evidence=evidence)

    def _drop(self, digest: bytes) -> None:
        edge = self._edges.pop(digest, None)
        if edge is None:
            return
        source, target = _node(edge.source), _node(edge.target)
        if self.graph.has_edge(source, target, key=edge.kind):
            self.graph.remove_edge(source, target, key=edge.kind)
        for node in (source, target):
            if node in self.graph and self.graph.degree(node) == 0:
                self.graph.remove_node(node)
        for key in edge.evidence:
            self._supported[key].discard(digest)
            if not self._supported[key]:
                del self._supported[key]


def edge_strength(edge: Edge) -> float:
    """In (0, 1): 1 minus the doubt that n memories leave, ``doubt ** n``."""
    doubt = SEEN_DOUBT if edge.kind in SEEN else STATED_DOUBT
    return float(1.0 - doubt ** len(edge.evidence))


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\ufffd", text)


def _node(name: str) -> str:
    return name.casefold()
