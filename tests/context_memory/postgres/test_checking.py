"""Checking: what the database itself lets through is found."""

import pytest


@pytest.mark.parametrize(
    ("harm", "table"),
    [
        ("DELETE FROM vectors WHERE key = (SELECT min(key) FROM vectors)", "memories"),
        ("UPDATE vectors SET embedding = '[1,2]' WHERE key = (SELECT min(key) FROM vectors)", "vectors"),
        ("DELETE FROM words WHERE term = 'tea'", "words"),
        ("UPDATE memories SET user_key = 'ben'", "memories"),
        ("UPDATE same SET digest = 'x'", "same"),
        ("UPDATE memories SET slots_only = NOT slots_only", "memories"),
        ("UPDATE memories SET superseded = true", "memories"),
        ("UPDATE spans SET started = 0", "spans"),
        ("UPDATE links SET holds = NOT holds WHERE target = 'Rome'", "links"),
        ("INSERT INTO episodes VALUES (9, 0, 0, '', '')", "episodes"),
    ],
)
async def test_a_fault_is_named(memory, server, schema, harm, table):
    await memory.store_memory("I love tea and I live in Rome", metadata={"user": "anna"})
    assert (await memory.verify())["faults"] == []
    server.ask(f"""SET search_path TO "{schema}", public; {harm}""")
    (fault,) = (await memory.verify())["faults"]
    assert fault["table"] == table
