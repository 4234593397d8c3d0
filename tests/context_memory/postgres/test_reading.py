"""Reading: the sums of the tables, and the part of the graph that is reached."""

import networkx as nx


async def test_stats_are_those_of_the_tables(memory, server, schema):
    await memory.store_memory("I love tea", "fact", {"user": "Anna"})
    await memory.store_memory("I play chess", "note", {"user": "anna"})
    stats = await memory.get_memory_stats()
    assert (stats["total"], stats["users"], stats["by_type"]) == (2, 1, {"fact": 1, "note": 1})
    assert stats["graph"] == {"nodes": 3, "edges": 2}
    assert stats["bytes"] > 0
    assert stats["model"] == memory.embedding_id


async def test_associations_stop_after_so_many_hops(memory, tmp_path):
    for who in ("a1", "a2", "a3"):
        await memory.store_memory(f"I love thing{who}", metadata={"user": who})
        await memory.store_memory("I love tea", metadata={"user": who})
    assert set(dict(await memory.find_associations("thinga1", 1))) == {"a1"}
    assert set(dict(await memory.find_associations("thinga1", 3))) == {"a1", "tea", "a2", "a3"}
    assert await memory.export_graph(tmp_path / "g.graphml") == 6
    assert nx.read_graphml(tmp_path / "g.graphml").number_of_edges() == 6
