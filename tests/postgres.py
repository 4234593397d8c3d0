"""A real PostgreSQL with pgvector, where there is a wheel of it; tests that need it say loudly when not."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest


@dataclass
class Server:
    """A running server: where it keeps its files, and how it is reached."""

    folder: Path
    dsn: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fresh(self) -> str:
        """The name of a schema that nothing has used."""
        return f"test {next(self._numbers)}"

    def ask(self, statement: str, *values: object) -> list[tuple]:
        """The rows of a statement, run beside whatever the memory does."""
        import psycopg

        with psycopg.connect(self.dsn, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the whole run; its socket lies in its folder, so the path must stay short."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants a runtime folder of the user, and finds another itself
        try:
            import pgserver
            import psycopg  # noqa: F401
        except ImportError as error:
            pytest.skip(f"no PostgreSQL to test with: {error}; pip install 'hikari-ml[test]' (Python < 3.13)")
    folder = Path(tempfile.mkdtemp(prefix="hikari-pg-"))
    found = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield Server(folder, found.get_uri())
    finally:
        found.cleanup()
