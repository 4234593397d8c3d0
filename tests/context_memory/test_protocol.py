"""The surface all memories share; what they keep to is told in tests/contracts."""

from hikari_ml import NeuralMemorySystem, PostgresMemory
from hikari_ml.context_memory.protocol import MemorySystem


def test_every_memory_has_all_of_it():
    names = {name for name in vars(MemorySystem) if not name.startswith("_")}
    assert {"store_memory", "retrieve_memories", "erase_user", "aclose"} <= names
    for kind in (NeuralMemorySystem, PostgresMemory):
        assert names <= {*dir(kind)}
