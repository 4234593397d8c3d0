"""Damage is found, named by table and key, and a sound store is left in peace."""

import json

import msgpack
import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import oplog
from hikari_ml.context_memory.store import TABLES, Store
from hikari_ml.context_memory.verify import verify
from hikari_ml.runtime.clock import ManualClock
from tests.support import START


async def fill(folder):
    """Memories of two people with relations, an episode, and a hole where one was forgotten."""
    clock = ManualClock(START)
    async with NeuralMemorySystem(folder, clock=clock) as memory:
        for i in range(8):
            clock.advance(60)
            await memory.store_memory(f"I love thing{i}", "fact", {"user": f"u{i % 2}"}, 0.2)
        gone = (await memory.retrieve_memories("thing3", k=1))[0]["id"]
        clock.advance(2 * 3600)
        assert (await memory.consolidate())["episodes"] == 1
        await memory.forget_memory(gone)
        await memory.export(folder / "out.jsonl")
        twin = {"id": "mem-twin", "content": "I love thing1", "type": "fact", "metadata": {"user": "u1"}}
        (folder / "in.jsonl").write_text(json.dumps(twin))
        await memory.import_(folder / "in.jsonl")
        return await memory.verify()


@pytest.fixture
async def store(tmp_path):
    await fill(tmp_path / "memory")
    found = Store(tmp_path / "memory", map_size_mb=1)
    yield found
    found.close()


def faults(store, damage, dims=None):
    store.write(damage)
    return {(f["table"], f["key"], f["fault"]) for f in store.read(lambda txn: verify(txn, dims))["faults"]}


def first(txn, table):
    return next(txn.rows(table))


def delete(txn, table, key):
    assert txn._txn.delete(key, db=txn._store.tables[table])


def key(number):
    return number.to_bytes(8, "big")


async def test_a_sound_store_has_no_faults_and_every_row_is_counted(tmp_path):
    result = await fill(tmp_path / "memory")
    assert result["faults"] == []
    assert list(result["rows"]) == list(TABLES)
    assert result["rows"]["records"] == result["rows"]["vectors"] == result["rows"]["ids"] == 8
    assert result["rows"]["episodes"] == 1
    assert result["rows"]["edges"] == 8 - 1
    assert result["rows"]["meta"] == 7


def test_a_lost_vector(store):
    assert faults(store, lambda txn: delete(txn, "vectors", key(2))) == {("records", "2", "has no vector")}


def test_a_vector_of_nobody(store):
    found = faults(store, lambda txn: txn._put("vectors", key(99), dict(txn.rows("vectors"))[key(1)]))
    assert found == {("vectors", "99", "belongs to no record")}


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b"\0\1" + bytes(2 * 383), "has 383 numbers and not 384"),
        (b"\0\1" + bytes(2 * 384 + 1), "cannot be read"),
        (b"\0", "cannot be read"),
        (b"\0\7" + bytes(2 * 384), "was made by model 7, which meta does not name"),
        (b"\0\1" + b"\xff" * (2 * 384), "holds numbers that are not finite"),
    ],
)
def test_a_vector_that_is_none(store, row, fault):
    assert faults(store, lambda txn: txn._put("vectors", key(2), row)) == {("vectors", "2", fault)}


def test_the_length_that_is_told_counts_more_than_that_of_most(store):
    model = store.read(lambda txn: txn.models()[1])
    found = faults(store, lambda txn: None, {model: 500})
    assert len(found) == 8
    assert ("vectors", "1", "has 384 numbers and not 500") in found


def test_an_id_that_leads_nowhere(store):
    found = faults(store, lambda txn: txn._put("ids", b"mem-ghost", key(4)))
    assert found == {("ids", "mem-ghost", "points at record 4, which does not exist")}


def test_an_id_that_leads_to_another(store):
    names = store.read(lambda txn: {row: name.decode() for name, row in txn.rows("ids")})
    one = names[key(1)]
    assert faults(store, lambda txn: txn._put("ids", one.encode(), key(2))) == {
        ("ids", one, "points at record 2, which has another id"),
        ("records", "1", f"is not found by its id {one}"),
    }


def test_a_digest_that_leads_nowhere_or_astray(store):
    digest, row = store.read(lambda txn: first(txn, "same"))
    number = int.from_bytes(row, "big")
    other = 1 if number != 1 else 2
    assert faults(store, lambda txn: txn._put("same", digest, key(4))) == {
        ("same", digest.hex(), "points at record 4, which does not exist")
    }
    assert faults(store, lambda txn: txn._put("same", digest, key(other))) == {
        ("same", digest.hex(), f"points at record {other}, which says something else")
    }


def test_an_edge_whose_memories_are_gone(store):
    digest, row = store.read(lambda txn: first(txn, "edges"))
    source, kind, target, _ = msgpack.unpackb(row)
    name = f"({source} {kind} {target})"
    orphan = msgpack.packb([source, kind, target, [4, 77]])
    assert faults(store, lambda txn: txn._put("edges", digest, orphan)) == {
        ("edges", digest.hex(), f"{name} rests on records 4, 77, which do not exist")
    }
    empty = msgpack.packb([source, kind, target, []])
    assert faults(store, lambda txn: txn._put("edges", digest, empty)) == {
        ("edges", digest.hex(), f"{name} has no evidence")
    }
    moved = msgpack.packb([source, kind, target + "x", [1]])
    assert faults(store, lambda txn: txn._put("edges", digest, moved)) == {
        ("edges", digest.hex(), f"({source} {kind} {target}x) does not stand under its own digest")
    }


def test_an_episode_with_a_member_that_is_gone_or_not_its_own(store):
    def damage(txn):
        start, end, members, summary, method = msgpack.unpackb(dict(txn.rows("episodes"))[key(1)])
        row = msgpack.packb([start, end, [*members[1:], 4, 9], summary, method])
        txn._put("episodes", key(1), row)

    assert faults(store, damage) == {
        ("episodes", "1", "has among its members record 4, which does not exist"),
        ("episodes", "1", "has record 9 as a member, which does not know of it"),
        ("records", "1", "belongs to episode 1, which does not know of it"),
    }


@pytest.mark.parametrize("row", [b"", b"\xc1", b"\x93\1\2\3", msgpack.packb(["a"] * 11), msgpack.packb(5)])
@pytest.mark.parametrize("table", ["records", "edges", "episodes"])
def test_a_row_that_cannot_be_read(store, table, row):
    where, _ = store.read(lambda txn: first(txn, table))
    name = where.hex() if table == "edges" else "1"
    assert (table, name, "cannot be read") in faults(store, lambda txn: txn._put(table, where, row))


@pytest.mark.parametrize(("place", "value"), [(4, "high"), (4, 7.0), (8, None), (9, "x"), (10, float("inf"))])
def test_a_record_that_recall_could_not_work_with(store, place, value):
    def damage(txn):
        row, data = first(txn, "records")
        fields = msgpack.unpackb(data)
        fields[place] = value
        txn._put("records", row, msgpack.packb(fields))

    assert ("records", "1", "cannot be read") in faults(store, damage)


def test_evidence_and_members_that_are_no_keys(store):
    def damage(txn):
        digest, data = first(txn, "edges")
        txn._put("edges", digest, msgpack.packb([*msgpack.unpackb(data)[:3], [[1]]]))
        number, episode = first(txn, "episodes")
        start, end, _, *rest = msgpack.unpackb(episode)
        txn._put("episodes", number, msgpack.packb([start, end, [[1]], *rest]))

    found = {(table, fault) for table, _, fault in faults(store, damage)}
    assert {("edges", "cannot be read"), ("episodes", "cannot be read")} <= found


def test_a_model_whose_name_is_damaged_ends_nothing(store):
    def damage(txn):
        (name,) = (name for name, _ in txn.rows("meta") if name.startswith(b"model:"))
        txn._put("meta", name, b"\xff\xfe")

    assert faults(store, damage, {"another": 384}) == set()


def test_an_unreadable_record_is_one_fault_and_not_that_of_what_points_at_it(store):
    found = faults(store, lambda txn: txn._put("records", key(2), b"\xc1"))
    assert found == {("records", "2", "cannot be read")}


def test_keys_that_would_be_given_twice(store):
    assert faults(store, lambda txn: txn._put("meta", b"next_key", key(5))) == {
        ("meta", "next_key", "is 5, and 9 is taken already")
    }


def test_a_store_without_a_format(store):
    assert faults(store, lambda txn: delete(txn, "meta", b"format")) == {("meta", "format", "is not there")}


def test_an_empty_store_is_sound(tmp_path):
    store = Store(tmp_path / "empty", map_size_mb=1)
    assert store.read(verify)["faults"] == []
    store.close()


@pytest.mark.parametrize("said", [[5], [1, 3, 2], [1, "2"], 7])
def test_a_record_that_was_said_out_of_order(store, said):
    def damage(txn):
        row, data = first(txn, "records")
        fields = msgpack.unpackb(data)
        fields[-1] = (
            [fields[6] + moment - 1 if moment != "2" else moment for moment in said] if said != 7 else 7
        )
        txn._put("records", row, msgpack.packb(fields))

    assert ("records", "1", "cannot be read") in faults(store, damage)


async def test_a_log_that_does_not_fit_the_writes_is_named(store):
    now = store.read(oplog.seq_of)
    store.write(lambda txn: oplog.trim(txn, now))
    store.write(lambda txn: txn.put_vector(1, next(txn.vectors())[2], next(iter(txn.models().values()))))
    assert faults(store, lambda txn: None) == set()
    found = faults(store, lambda txn: (txn._put("log", b"short", b"+"), txn._put("log", key(1) * 2, b"+")))
    assert {fault for table, _, fault in found if table == "log"} == {
        "cannot be read",
        f"is of no write after {now} and up to {now + 4}",
    }
    found = faults(store, lambda txn: txn._put("meta", b"log_from", key(99)))
    assert ("meta", "log_from", f"is 99, and there were {now + 5} writes") in found
