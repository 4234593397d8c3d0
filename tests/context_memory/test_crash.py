"""Killed at any moment, with a full disk, with a damaged checkpoint: what was acknowledged is there, whole.

One process, the nursery, imports everything once and forks a child for each life; the child works until it is
killed. It says what it is about to do before it does it, and what is done after it was acknowledged.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hikari_ml.config import MemorySettings
from hikari_ml.context_memory import checkpoint, keeper, upkeep
from hikari_ml.context_memory import index as index_module
from hikari_ml.context_memory.core import Change, Job, MemoryCore, Question
from hikari_ml.context_memory.record import Record, public_id, to_ms
from hikari_ml.context_memory.store import Store
from hikari_ml.context_memory.verify import verify
from hikari_ml.errors import StoreError
from hikari_ml.models.entities import EntityFinder
from hikari_ml.models.summarizer import ExtractiveSummarizer
from hikari_ml.runtime.clock import ManualClock
from tests.context_memory.test_core import Letters
from tests.support import START

SMALL = {"FLAT_LIMIT": 80, "KEEP_AFTER": 20}
"""So few vectors, that cells are trained and kept within one life."""

NURSERY = """
import os, sys, traceback
from hikari_ml.models.entities import EntityFinder
from tests.context_memory import test_crash
entities = EntityFinder()
for line in sys.stdin:
    what, folder, seed = line.split("\\t")
    child = os.fork()
    if child == 0:
        try:
            getattr(test_crash, what)(folder, int(seed), entities)
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    print("born", child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""

WORDS = "apple banana cherry green tea cat dog plays likes stream raid night music game boss quick".split()


def opened(folder, entities, map_size_mb=1):
    store = Store(Path(folder), map_size_mb=map_size_mb)
    try:
        return MemoryCore(store, MemorySettings(), Letters(), entities, ManualClock(START))
    except BaseException:
        store.close()
        raise


def saving(core, content, note=""):
    def act(txn, vectors):
        key, now = txn.next_key(), to_ms(START)
        metadata = {"user": f"user{key % 7}", "conversation": f"talk {key // 20}", "note": note}
        made = public_id(key, content, now)
        record = Record(key, made, content, "fact", metadata, 0.5, "short_term", now, now)
        return Change(made, core.save(txn, record, vectors[0], core.embedder.model_id))

    return Job(act, grouped=True, texts=[content])


def say(*words):
    print(*words, sep="\t", flush=True)


class Life:
    """What a child does until it is killed."""

    def __init__(self, folder, seed, entities):
        self.chance = random.Random(seed)
        self.name = f"life {seed}"
        self.count = 0
        self.core = opened(folder, entities)

    def store(self):
        contents = []
        for _ in range(self.chance.randint(1, 12)):
            self.count += 1
            contents.append(f"{self.name} {self.count} " + " ".join(self.chance.choices(WORDS, k=5)))
            say("storing", contents[-1])
        made = self.core.work([saving(self.core, content) for content in contents])
        for content, found in zip(contents, made, strict=True):
            say("stored", content, found)

    def forget(self):
        keys = [slot.key for slot in self.core.tiers]
        if len(keys) < 50:
            return
        (record,) = self.core.contents([self.chance.choice(keys)])
        say("forgetting", record.id)
        self.core.work([Job(lambda: upkeep.forget(self.core, ExtractiveSummarizer(), [record.key]))])
        say("forgotten", record.id)

    def recall(self):
        question = Question(self.chance.choice(WORDS), 5, None, None, None, strengthen=True)
        self.core.work([Job(lambda vectors: self.core.retrieve(question, vectors[0]), texts=["tea"])])

    def consolidate(self):
        self.core.work([Job(lambda: upkeep.consolidate(self.core, ExtractiveSummarizer()))])

    def compact(self):
        self.core.work([Job(lambda: upkeep.compact(self.core))])


def live(folder, seed, entities):
    """Work for good."""
    use_small_sizes(setattr)
    life = Life(folder, seed, entities)
    ways = [life.store, life.forget, life.recall, life.consolidate, life.compact]
    while True:
        for act in life.chance.choices(ways, [30, 15, 10, 2, 1], k=50):
            act()


def use_small_sizes(set_to):
    set_to(index_module, "FLAT_LIMIT", SMALL["FLAT_LIMIT"])
    set_to(keeper, "KEEP_AFTER", SMALL["KEEP_AFTER"])


class Known:
    """What the children have said."""

    def __init__(self):
        self.stored = {}
        self.maybe_stored = set()
        self.forgotten = set()
        self.maybe_forgotten = set()

    def hear(self, line):
        what, *rest = line.split("\t")
        if what == "storing":
            self.maybe_stored.add(rest[0])
        elif what == "stored":
            assert rest[1].startswith("mem-"), line
            self.stored[rest[1]] = rest[0]
        elif what == "forgetting":
            self.maybe_forgotten.add(rest[0])
        elif what == "forgotten":
            self.forgotten.add(rest[0])

    def check(self, core):
        """Nothing that was acknowledged is lost, nothing is invented, nothing forgotten comes back."""
        there = {record.id: record.content for record in core.contents([slot.key for slot in core.tiers])}
        assert not there.keys() & self.forgotten, "what was forgotten is there again"
        lost = self.stored.keys() - there.keys() - self.maybe_forgotten
        assert not lost, f"acknowledged and lost: {[self.stored[name] for name in lost]}"
        assert set(there.values()) <= self.maybe_stored, "a memory that nobody stored"
        assert len(set(there.values())) == len(there), "stored once, and there twice"
        assert all(there[name] == self.stored[name] for name in there.keys() & self.stored.keys())


def check_caches(core):
    """Every cache says what the store says."""
    assert core.store.read(verify)["faults"] == []
    held = core.store.read(lambda txn: {key: row for key, _, row in txn.vectors()})
    keys = core.store.read(lambda txn: {record.key for record in txn.records()})
    assert keys == held.keys() == {slot.key for slot in core.tiers}
    assert len(core.index) == len(core.words._row_of) == len(held)
    if held:
        matrix = np.array(list(held.values()))
        assert np.array_equal(core.index.vectors(list(held)), matrix)
        query = matrix[0] + matrix[-1]
        found = core.index.search(query, len(held))
        assert {key for key, _ in found} == keys
        assert [score for _, score in found] == pytest.approx(sorted(matrix @ query)[::-1], abs=1e-4)


def keep_cells(core):
    """Leave a checkpoint behind, however little of the processor the children had for training."""
    core.keeper.tend()
    core.index.wait()
    core.keeper.tend()


def harm(folder, chance, aside):
    """Do something to the checkpoint; returns what."""
    path = folder / checkpoint.NAME
    what = chance.choice([*["nothing"] * 4, "deleted", "truncated", "flipped", "stale", "made of noise"])
    if what == "made of noise":
        path.write_bytes(chance.randbytes(500))
    elif path.exists():
        whole = path.read_bytes()
        at = chance.randrange(len(whole))
        if what == "deleted":
            path.unlink()
        elif what == "truncated":
            os.truncate(path, at)
        elif what == "flipped":
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :])
        elif what == "stale" and aside.exists():
            shutil.copy(aside, path)
        if what == "nothing" or not aside.exists():
            shutil.copy(path, aside)
    return what


@contextmanager
def nursery():
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=os.getcwd(),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()


def born(process, what, folder, seed):
    process.stdin.write(f"{what}\t{folder}\t{seed}\n")
    process.stdin.flush()
    return int(process.stdout.readline().split()[1])


def one_life(process, folder, seed, chance, known):
    child = born(process, "live", folder, seed)
    for _ in range(chance.randint(1, 200)):
        known.hear(process.stdout.readline().rstrip("\n"))
    time.sleep(chance.random() * 0.02)  # so that it dies between two words as well
    os.kill(child, signal.SIGKILL)
    for line in process.stdout:
        if line == "gone\n":
            return
        if line.endswith("\n") and "gone" not in line:
            known.hear(line.rstrip("\n"))
        elif line.endswith("gone\n"):  # its last word was cut short
            return


def lives(tmp_path, monkeypatch, count):
    use_small_sizes(monkeypatch.setattr)
    folder, aside = tmp_path / "memory", tmp_path / "old checkpoint"
    chance, known, entities = random.Random(4), Known(), EntityFinder()
    used = 0
    with nursery() as process:
        for seed in range(count):
            one_life(process, folder, seed, chance, known)
            harmed = harm(folder, chance, aside)
            core = opened(folder, entities)
            try:
                used += core.index.cells is not None
                known.check(core)
                check_caches(core)
                keep_cells(core)
            except AssertionError as error:
                raise AssertionError(f"in life {seed}, checkpoint {harmed}: {error}") from error
            finally:
                core.index.close()
                (core if chance.random() < 0.5 else core.store).close()
    assert len(known.stored) > count
    assert known.forgotten
    assert used, "no checkpoint was ever used"


def test_a_memory_that_is_killed_again_and_again_keeps_its_word(tmp_path, monkeypatch):
    lives(tmp_path, monkeypatch, 10)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_memory_that_is_killed_many_times_keeps_its_word(tmp_path, monkeypatch):
    lives(tmp_path, monkeypatch, 200)


def fill(folder, seed, entities):
    """Store until the disk is full, go on when there is room, and be gone without a farewell."""
    use_small_sizes(setattr)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    life = Life(folder, seed, entities)
    life.store()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for _ in range(2):
        resource.setrlimit(resource.RLIMIT_FSIZE, (life.core.store.size + 100_000, hard))
        refused = 0
        while refused < 5:
            refused += store_or_say_why(life)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        life.store()
        life.forget()
    say("room again")


def grow(folder, seed, entities):
    """Store until the map is full and may not grow, and go on when it may."""
    life = Life(folder, seed, entities)
    life.store()
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + (1 << 20), hard))
    refused = 0
    while refused < 5:
        refused += store_or_say_why(life)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    life.store()
    say("room again")


def store_or_say_why(life):
    """Store one memory; 1 if it was refused."""
    life.count += 1
    content = f"{life.name} {life.count}"
    say("storing", content)
    (found,) = life.core.work([saving(life.core, content, "x" * 20_000)])
    if isinstance(found, Exception):
        say("refused", type(found).__name__, found)
        return 1
    say("stored", content, found)
    return 0


@pytest.mark.parametrize(("what", "why"), [("fill", "is the disk full"), ("grow", "cannot grow")])
def test_when_there_is_no_room_nothing_is_lost_and_work_goes_on_with_room(tmp_path, monkeypatch, what, why):
    use_small_sizes(monkeypatch.setattr)
    known, refused, said = Known(), [], []
    with nursery() as process:
        born(process, what, tmp_path / "memory", 1)
        for line in process.stdout:
            if line == "gone\n":
                break
            said.append(line.rstrip("\n"))
            known.hear(said[-1])
            if said[-1].startswith("refused"):
                refused.append(said[-1])
    assert said[-1] == "room again"
    assert len(refused) >= 5
    assert all(StoreError.__name__ in line and why in line for line in refused)
    core = opened(tmp_path / "memory", EntityFinder())
    known.check(core)
    check_caches(core)
    there = {record.content for record in core.contents([slot.key for slot in core.tiers])}
    assert known.maybe_stored - there, "what was refused was not stored"
    core.close()
