"""The models: used in a thread of their own, and what they make is as it is kept."""

import threading
from contextlib import AsyncExitStack

import numpy as np

from hikari_ml import Settings
from hikari_ml.context_memory.postgres.models import Models, as_kept


async def test_nothing_is_computed_on_the_event_loop():
    models = Models(Settings())
    async with AsyncExitStack() as stack:
        await models.open(stack)
        assert await models.do(threading.get_ident) != threading.get_ident()
        vector = await models.embed("I love tea")
        assert vector.shape == (models.embedder.dim,)
        text, method = await models.tell(["I love tea"], [vector])
        assert (text, method) == ("I love tea", "extractive")


def test_a_vector_is_kept_as_an_export_writes_it():
    vector = np.random.default_rng(1).normal(size=8).astype(np.float32)
    assert (as_kept(as_kept(vector)) == as_kept(vector)).all()
    assert as_kept(vector).dtype == np.float32
