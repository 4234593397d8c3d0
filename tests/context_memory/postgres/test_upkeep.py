"""Upkeep among others: one round at a time, and an erasure that leaves no byte in the tables."""

import numpy as np

from hikari_ml.context_memory.postgres.upkeep import ELSEWHERE, KEPT, SEEN


async def test_a_round_is_left_to_who_is_at_it(memory):
    await memory.store_memory("hello")
    async with memory._db.alone("consolidate"):
        assert (await memory.consolidate())["degraded"] == [ELSEWHERE]
    assert (await memory.consolidate())["examined"] == 1


async def test_no_byte_of_who_is_erased_is_left_in_the_files_of_the_tables(memory, server):
    def bytes_left():
        server.ask("CHECKPOINT")
        files = [path for path in (server.folder / "base").rglob("*") if path.is_file()]
        return sum(b"qzxsecret" in path.read_bytes().lower() for path in files)

    for i in range(5):
        await memory.store_memory(
            f"I love qzxsecret{i}", metadata={"user": "qzxsecretuser", "topic": "qzxsecret"}
        )
    await memory.store_memory("I play chess", metadata={"user": "ben"})
    server.ask("ANALYZE")
    assert bytes_left() > 0
    proof = await memory.erase_user("QZXsecretUser")
    assert (proof["memories"], proof["compacted"], proof["edges"]) == (5, True, 6)
    assert proof["degraded"] == list(KEPT)
    assert bytes_left() == 0
    assert len(await memory.list_memories()) == 1


async def test_no_vector_of_who_is_erased_is_left_in_the_files_of_the_tables(memory, server):
    def left(vector):
        server.ask("CHECKPOINT")
        run = (vector / np.linalg.norm(vector)).astype(np.float16).astype("<f4")[100:108].tobytes()
        files = [path for path in (server.folder / "base").rglob("*") if path.is_file()]
        return sum(run in path.read_bytes() for path in files)

    seed = list(b"of this test alone")  # the server's other schemas lie in the same folder
    theirs, others = np.random.default_rng(seed).normal(size=(2, 384))
    await memory.store_memory("I love tea", metadata={"user": "anna"}, embedding=theirs)
    await memory.store_memory("I play chess", metadata={"user": "ben"}, embedding=others)
    assert (left(theirs), left(others)) == (1, 1)
    assert (await memory.erase_user("anna"))["vectors"] == 1
    assert (left(theirs), left(others)) == (0, 1)


async def test_tables_can_be_made_smaller(memory):
    for i in range(12):
        said = np.random.default_rng(i).bytes(20_000).hex()
        await memory.store_memory(f"{i} {said}", embedding=[1.0] * 384)
    for found in await memory.list_memories(11):
        await memory.forget_memory(found["id"])
    result = await memory.compact()
    assert result["bytes_after"] < result["bytes_before"] - 100_000


async def test_an_erasure_whose_tables_were_not_written_anew_is_a_fault_until_they_are(memory, monkeypatch):
    await memory.store_memory("I love tea", metadata={"user": "anna"})
    with monkeypatch.context() as patched:
        patched.setattr("hikari_ml.context_memory.postgres.upkeep._VACUUM", "VACUUM (FULL) not_there")
        proof = await memory.erase_user("anna")
    assert not proof["compacted"]
    assert any("not_there" in reason for reason in proof["degraded"])
    (fault,) = (await memory.verify())["faults"]
    assert (fault["table"], fault["key"].split(":")[0]) == ("meta", "rewrite")
    await memory.compact()
    assert (await memory.verify())["faults"] == []


async def test_an_erasure_beside_an_older_view_does_not_claim_to_have_left_no_byte(memory, server):
    import psycopg

    await memory.store_memory("I love tea", metadata={"user": "anna"})
    with psycopg.connect(server.dsn) as older:
        older.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        older.execute("SELECT 1 FROM pg_class LIMIT 1")
        proof = await memory.erase_user("anna")
        assert (proof["memories"], proof["compacted"]) == (1, False)
        assert any(SEEN in reason for reason in proof["degraded"])
        assert len((await memory.verify())["faults"]) == 1
    await memory.compact()
    assert (await memory.verify())["faults"] == []
