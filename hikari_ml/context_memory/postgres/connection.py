"""The way to a database: a pool of connections, transactions that are tried again, clear errors.

A password never reaches a message: an address is shown without it, and a DSN that cannot be read is not
shown at all.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from hashlib import blake2b
from typing import Any, Final, TypeVar

from hikari_ml.context_memory.postgres.schema import CREATE, FORMAT, UPGRADES
from hikari_ml.errors import InputError, MissingExtraError, StoreError, StoreVersionError

Connection = Any
"""A psycopg.AsyncConnection; psycopg is an extra, so nothing here may need it to be read."""

Fill = Callable[[Any], Awaitable[None]]
"""Fills what is new in tables of an earlier format."""

CONNECT_SECONDS: Final = 10
STATEMENT_MS: Final = 60_000
"""How long one statement may take."""
LOCK_MS: Final = 20_000
"""How long one statement may wait for another process."""
TRIES: Final = 10
"""How often a transaction that met another one is begun."""
FILLED: Final = 2
"""The format whose new columns are told from what is there."""
MAX_SCHEMA: Final = 63
"""Longest name of a schema, in bytes."""

R = TypeVar("R")
_log = logging.getLogger(__name__)

_CONFIGURE: Final = """
SELECT
    set_config('search_path', concat_ws(', ', quote_ident(%(schema)s), (
        SELECT quote_ident(nspname)
        FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'vector'
    )), false),
    set_config('default_transaction_isolation', 'read committed', false),
    set_config('default_transaction_read_only', %(read_only)s, false),
    set_config('statement_timeout', %(statement)s, false),
    set_config('lock_timeout', %(lock)s, false),
    set_config('plan_cache_mode', 'force_custom_plan', false)
"""
_EXISTS: Final = """
SELECT EXISTS (
    SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = 'meta'
)
"""


class Database:
    """A schema of a PostgreSQL database that holds one memory.

    Raises:
        MissingExtraError: psycopg is not installed.
        InputError: the DSN or the name of the schema cannot be used.
    """

    def __init__(
        self, dsn: str, schema: str, *, connections: int, read_only: bool, create: bool = True
    ) -> None:
        try:
            import psycopg
            import psycopg_pool
            from psycopg import conninfo
        except ImportError as error:
            raise MissingExtraError("a memory in PostgreSQL", "postgres") from error
        self._psycopg, self._pools = psycopg, psycopg_pool
        if not isinstance(schema, str) or not 0 < len(schema.encode("utf-8", "replace")) <= MAX_SCHEMA:
            raise InputError("schema", schema, f"give a name of 1 to {MAX_SCHEMA} bytes")
        if "\0" in schema or not schema.isprintable():
            raise InputError("schema", schema, "give a name that can be printed")
        self.schema, self.read_only, self._connections = schema, read_only, connections
        self._may_create = create and not read_only
        try:
            parts = conninfo.conninfo_to_dict(dsn)
            own = {"connect_timeout": CONNECT_SECONDS, "application_name": "hikari_ml"}
            self._dsn = conninfo.make_conninfo(
                dsn, client_encoding="utf8", **{name: v for name, v in own.items() if name not in parts}
            )
        except (psycopg.Error, ValueError, TypeError, AttributeError):
            hint = "give a DSN such as postgresql://user@host/database"
            raise InputError("dsn", "(not shown)", hint) from None  # its parts may hold the password
        self._password = str(parts.get("password") or "")
        self.address = _address(parts, schema)
        self._pool: Any = None

    async def open(self, stack: AsyncExitStack, model: str, dim: int, fill: Fill) -> None:
        """Connect, and make the tables if there are none; every release goes on ``stack``.

        Tables of an earlier format are brought to ours, and ``fill`` fills what is new in them.

        Raises:
            StoreVersionError: a newer version made them.
            StoreError: it cannot be reached, or is no such memory.
        """
        with self._failures():
            connect = self._psycopg.AsyncConnection.connect
            async with await connect(self._dsn, autocommit=True) as first:
                await self._prepare(first, model, dim, fill)
            pool = self._pools.AsyncConnectionPool(
                self._dsn,
                min_size=1,
                max_size=self._connections,
                open=False,
                configure=self._configure,
                check=self._pools.AsyncConnectionPool.check_connection,
                name=f"hikari-{self.schema}",
            )
            stack.push_async_callback(pool.close)
            await pool.open(wait=True)
        self._pool = pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection on which every statement is a transaction."""
        with self._failures():
            async with self._pool.connection() as found:
                yield found

    async def read(self, act: Callable[[Connection], Awaitable[R]]) -> R:
        """Run ``act`` on one consistent view of all tables."""
        async with self.connection() as found, found.transaction():
            await found.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return await act(found)

    async def write(self, act: Callable[[Connection], Awaitable[R]], *, wait: bool = True) -> R:
        """Run ``act`` in a transaction; it runs again from the start where it met another process.

        With ``wait`` False a crash of the server within the next second may undo it.
        """
        errors = self._psycopg.errors
        met = (errors.DeadlockDetected, errors.SerializationFailure, errors.ForeignKeyViolation)
        with self._failures():
            for left in reversed(range(TRIES)):
                try:
                    async with self._pool.connection() as found, found.transaction():
                        if not wait:
                            await found.execute("SET LOCAL synchronous_commit = off")
                        return await act(found)
                except met:
                    if not left:
                        raise
        raise AssertionError("it has returned or raised")

    @asynccontextmanager
    async def alone(self, purpose: str) -> AsyncIterator[bool]:
        """Whether no other process does this; while it is entered, none begins."""
        key = lock_key(self.schema, purpose)
        async with self.connection() as found:
            cursor = await found.execute("SELECT pg_try_advisory_lock(%s)", (key,))
            ours = bool((await cursor.fetchone())[0])
            try:
                yield ours
            finally:
                if ours and not found.broken:
                    await found.execute("SELECT pg_advisory_unlock(%s)", (key,))

    async def rewrite(self, statement: str, details: list[str] | None = None) -> str | None:
        """Run what may take long and locks tables; returns why it could not be done, or None.

        ``details`` gets those of what the server says meanwhile.
        """

        def note(said: Any) -> None:
            if details is not None and said.message_detail:
                details.append(said.message_detail)

        async with self.connection() as found:
            found.add_notice_handler(note)
            try:
                await found.execute("SELECT set_config('statement_timeout', '0', false)")
                await found.execute(statement)
            except self._psycopg.Error as error:
                return self._said(error)
            finally:
                found.remove_notice_handler(note)
                if not found.broken:
                    await self._configure(found)
        return None

    async def _configure(self, found: Connection) -> None:
        await found.set_autocommit(True)
        await found.execute(
            _CONFIGURE,
            {
                "schema": self.schema,
                "read_only": "on" if self.read_only else "off",
                "statement": str(STATEMENT_MS),
                "lock": str(LOCK_MS),
            },
        )

    async def _prepare(self, first: Connection, model: str, dim: int, fill: Fill) -> None:
        """Make what is missing; of several processes that begin at once, one does."""
        async with first.transaction():
            key = lock_key(self.schema, "open")
            await first.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
            cursor = await first.execute(_EXISTS, (self.schema,))
            made = bool((await cursor.fetchone())[0])
            if not made and not self._may_create:
                raise StoreError(self.address, "holds no memory")
            if not made:
                await self._create(first, model, dim)
            else:
                await self._upgrade(first, fill)
        await self._configure(first)

    async def _create(self, first: Connection, model: str, dim: int) -> None:
        sql = self._psycopg.sql
        cursor = await first.execute("SHOW server_encoding")
        if (encoding := (await cursor.fetchone())[0]) != "UTF8":
            raise StoreError(self.address, f"is encoded as {encoding}; make a database encoded as UTF8")
        try:
            await first.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except (self._psycopg.errors.InsufficientPrivilege, self._psycopg.NotSupportedError) as error:
            hint = f"needs pgvector; have an administrator run CREATE EXTENSION vector ({self._said(error)})"
            raise StoreError(self.address, hint) from error
        await first.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema)))
        await self._configure_in(first)
        for statement in CREATE:
            await first.execute(statement)
        await first.cursor().executemany(
            "INSERT INTO meta VALUES (%s, %s)",
            [("format", str(FORMAT)), ("model", model), ("dim", str(dim))],
        )

    async def _configure_in(self, first: Connection) -> None:
        """Let the transaction that makes or changes the tables find their schema, and take its time."""
        settings = {"schema": self.schema, "read_only": "off", "statement": "0", "lock": str(LOCK_MS)}
        await first.execute(_CONFIGURE, settings)

    async def _upgrade(self, first: Connection, fill: Fill) -> None:
        """Bring tables of an earlier format to ours, all or nothing; of a later one, refuse them."""
        await self._configure_in(first)
        if (there := await self._format(first)) >= FORMAT:
            return
        if self.read_only:
            hint = f"has format {there}; open it once without read_only, which brings it to format {FORMAT}"
            raise StoreError(self.address, hint)
        _log.info("bringing %s from format %d to format %d", self.address, there, FORMAT)
        for following in range(there + 1, FORMAT + 1):
            for statement in UPGRADES[following]:
                await first.execute(statement)
        if there < FILLED:
            await fill(first)
        await first.execute("UPDATE meta SET value = %s WHERE name = 'format'", (str(FORMAT),))

    async def _format(self, first: Connection) -> int:
        cursor = await first.execute("SELECT value FROM meta WHERE name = 'format'")
        row = await cursor.fetchone()
        if row is None or not row[0].isdigit():
            raise StoreError(self.address, "names no format; restore a backup or an export")
        if int(row[0]) > FORMAT:
            raise StoreVersionError(self.address, int(row[0]), FORMAT)
        return int(row[0])

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What the database says, as our own errors."""
        try:
            yield
        except self._psycopg.errors.ReadOnlySqlTransaction as error:
            raise StoreError(self.address, "can only be read here") from error
        except self._pools.PoolTimeout as error:
            raise StoreError(self.address, "all connections are busy or lost; try again later") from error
        except (self._psycopg.Error, self._pools.PoolClosed) as error:
            raise StoreError(self.address, f"{type(error).__name__}: {self._said(error)}") from error

    def _said(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        return text.replace(self._password, "…") if self._password else text


def lock_key(schema: str, purpose: str) -> int:
    """The number of an advisory lock, equal in every process: 64 bits with a sign."""
    digest = blake2b(f"hikari_ml\0{schema}\0{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _address(parts: dict[str, Any], schema: str) -> str:
    """Where the memory lies, for people: without a password."""
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    host = parts.get("host") or parts.get("hostaddr") or ""
    return f"postgresql://{user}{host}{port}/{parts.get('dbname') or ''} (schema {schema})"
