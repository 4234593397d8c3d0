"""The knowledge graph connects people and things, and knows on whose word."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.graph import KnowledgeGraph, edge_digest, edge_strength, links
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import Edge
from hikari_ml.models.entities import Entity


def record(content, user="anna", **metadata):
    return Record(
        1, "mem-1", content, "fact", {"user": user, **metadata} if user else metadata, 0.5, "short_term", 0, 0
    )


def graph_of(*edges):
    graph = KnowledgeGraph()
    for source, kind, target, *evidence in edges:
        graph.put(edge_digest((source, kind, target)), Edge(source, kind, target, tuple(evidence)))
    return graph


def test_what_a_viewer_states_is_theirs():
    assert links(record("I love Elden Ring"), []) == [("anna", "likes", "Elden Ring")]


def test_names_seen_together_are_connected():
    entities = [Entity("Ben", "NAME", 0, 3), Entity("Elden Ring", "GAME", 9, 19)]
    found = links(record("Ben beats Elden Ring"), entities)
    assert ("anna", "mentions", "Ben") in found
    assert ("Ben", "with", "Elden Ring") in found


def test_a_topic_belongs_to_the_viewer():
    assert ("anna", "about", "anime") in links(record("asked something", topic="anime"), [])


def test_nobody_is_connected_with_themselves():
    entities = [Entity("Anna", "NAME", 0, 4), Entity("anna", "PERSON", 5, 9)]
    assert all(a.casefold() != b.casefold() for a, _, b in links(record("Anna anna"), entities))


def test_emotes_are_no_things():
    assert links(record("I love meat KappaPride"), []) == [("anna", "likes", "meat")]


def test_relations_are_read_both_ways():
    graph = graph_of(("anna", "likes", "Celeste", 1))
    assert graph.associations("anna", 1) == [("Celeste", pytest.approx(0.6))]
    assert graph.associations("CELESTE", 1) == [("anna", pytest.approx(0.6))]


def test_paths_multiply_and_hops_end():
    graph = graph_of(
        ("anna", "likes", "Celeste", 1), ("ben", "likes", "Celeste", 2), ("ben", "likes", "tea", 3)
    )
    assert dict(graph.associations("anna", 2)) == {"Celeste": pytest.approx(0.6), "ben": pytest.approx(0.36)}
    assert "tea" in dict(graph.associations("anna", 3))
    assert graph.associations("nobody", 3) == []


def test_the_strongest_path_counts():
    graph = graph_of(("a", "with", "b", 1), ("a", "likes", "c", 1, 2, 3), ("c", "likes", "b", 1, 2, 3))
    assert dict(graph.associations("a", 2))["b"] > edge_strength(Edge("a", "with", "b", (1,)))


@given(st.integers(1, 100))
def test_more_evidence_is_never_weaker(count):
    few, many = (edge_strength(Edge("a", "likes", "b", tuple(range(n)))) for n in (count, count + 1))
    assert 0 < few <= many <= 1


def test_evidence_that_goes_takes_its_edges_along():
    graph = graph_of(("anna", "likes", "Celeste", 1, 2), ("anna", "has", "cat", 1))
    for digest, edge in graph.without([1]).items():
        graph.put(digest, edge)
    assert graph.associations("anna", 1) == [("Celeste", pytest.approx(0.6))]
    assert "cat" not in graph.graph
    for digest, edge in graph.without([2]).items():
        graph.put(digest, edge)
    assert graph.graph.number_of_nodes() == 0


def test_it_is_a_networkx_graph():
    graph = graph_of(("anna", "likes", "Celeste", 1))
    assert isinstance(graph.graph, nx.MultiDiGraph)
    assert graph.graph.nodes["celeste"]["label"] == "Celeste"


def test_an_edge_without_evidence_that_holds_is_kept_aside():
    outdated = set()
    graph = KnowledgeGraph(lambda key, kind, thing: (key, kind, thing) not in outdated)
    edge = Edge("anna", "lives in", "Munich", (1, 2))
    graph.put(b"digest", edge)
    both = dict(graph.associations("anna", 1))["Munich"]
    outdated.add((1, "lives in", "Munich"))
    graph.refresh([1])
    assert 0 < dict(graph.associations("anna", 1))["Munich"] < both
    assert graph.relations(5)[0]["evidence"] == 1
    outdated.add((2, "lives in", "Munich"))
    graph.refresh([2, 99])
    assert graph.associations("anna", 1) == graph.relations(5) == []
    assert graph.portable().number_of_edges() == len(graph.graph) == 0
    assert graph.without([1])[b"digest"].evidence == (2,), "the store knows all of it"
    outdated.clear()
    graph.refresh([1])
    assert dict(graph.associations("anna", 1))["Munich"] == both


def test_more_hops_than_there_are_names_change_nothing():
    names = [f"n{i}" for i in range(12)]
    graph = graph_of(*((a, "with", b, 1) for a, b in zip(names, [*names[1:], names[0]], strict=True)))
    far = graph.associations("n0", 1_000_000)
    assert far == graph.associations("n0", len(names))
    assert len(far) == len(names) - 1
    assert dict(far)["n6"] == pytest.approx(0.4**6)
