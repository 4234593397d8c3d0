"""Every error hikari_ml raises on purpose.

The tree:

    HikariError
    ├── InputError (ValueError)            an argument or a message that cannot be used
    │   └── RecordingError                 a recorded chat, with the line where it broke
    ├── ConfigError (ValueError)           a setting, named by its path
    ├── ModelError
    │   ├── ModelMissingError (FileNotFoundError)
    │   └── ModelDamagedError              checksum or contents are not what was shipped
    ├── MissingExtraError (ImportError)    names the extra to install
    ├── StoreError
    │   ├── StoreLockedError               another process writes this path
    │   ├── StoreVersionError              written by a newer version
    │   ├── ReadOnlyError                  opened to be looked at only
    │   └── UnknownMemoryError (KeyError)
    ├── SourceError                        a chat that cannot be listened to
    ├── OverloadedError                    carries retry_after_ms
    └── ClosedError (RuntimeError)         used after aclose

Each carries its data as attributes for programs and one sentence for people.
"""

from __future__ import annotations

import reprlib
from pathlib import Path


class HikariError(Exception):
    """Base of every deliberate error; ``code`` is stable and fit for a wire format."""

    code = "internal"


class InputError(HikariError, ValueError):
    """An argument that cannot be used.

    ``field`` names it, ``value`` is what was given (shown shortened), ``hint`` says what to do.
    """

    code = "bad_params"

    def __init__(self, field: str, value: object, hint: str) -> None:
        self.field = field
        self.value = value
        self.hint = hint
        what = "nothing was given" if value is None else f"{_short(value)} cannot be used"
        super().__init__(f"{field}: {what}; {hint}")


class RecordingError(InputError):
    """A recorded chat that cannot be read on; ``line`` is where it ended (1-based, 0 = not opened)."""

    def __init__(self, path: Path, line: int, hint: str) -> None:
        self.path = path
        self.line = line
        HikariError.__init__(self, f"{path}, line {line}: {hint}" if line else f"{path}: {hint}")
        self.field, self.value, self.hint = "recording", str(path), hint


class ConfigError(HikariError, ValueError):
    """A setting with a wrong name or value; ``path`` is its dotted path, as in ``memory.decay_rate``."""

    code = "bad_params"

    def __init__(self, path: str, hint: str) -> None:
        self.path = path
        self.hint = hint
        super().__init__(f"setting {path!r}: {hint}")


class ModelError(HikariError):
    """A model that cannot be used; ``name`` is its name in the catalogue."""

    code = "unavailable"

    def __init__(self, name: str, hint: str) -> None:
        self.name = name
        self.hint = hint
        super().__init__(f"model {name!r}: {hint}")


class ModelMissingError(ModelError, FileNotFoundError):
    """The file of a model is not there; ``path`` is where it was looked for."""

    def __init__(self, name: str, path: Path) -> None:
        self.path = path
        ModelError.__init__(
            self, name, f"{path} does not exist" + ("; reinstall hikari_ml" if name == "bundled" else "")
        )

    def __str__(self) -> str:
        return f"model {self.name!r}: {self.hint}"


class ModelDamagedError(ModelError):
    """The file of a model is there but is not what was shipped."""


class MissingExtraError(HikariError, ImportError):
    """A part that needs an optional package; ``extra`` names what to install."""

    code = "unavailable"

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the {extra!r} extra: pip install 'hikari-ml[{extra}]'")


class StoreError(HikariError):
    """A store of ours that cannot be opened or written; ``path`` names the file, or a database's address."""

    code = "unavailable"

    def __init__(self, path: Path | str, hint: str) -> None:
        self.path = path
        self.hint = hint
        super().__init__(f"{path}: {hint}")


class StoreLockedError(StoreError):
    """This path is being written already, by another process or another object of this one."""


class StoreVersionError(StoreError):
    """The file was written by a newer version of hikari_ml; ``found`` and ``supported`` are formats."""

    def __init__(self, path: Path | str, found: int, supported: int) -> None:
        self.found = found
        self.supported = supported
        super().__init__(path, f"has format {found}, this version reads up to {supported}; upgrade hikari_ml")


class ReadOnlyError(StoreError):
    """Something would be written to what was opened with ``read_only``."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, "was opened read_only; open it without read_only to change it")


class UnknownMemoryError(HikariError, KeyError):
    """No memory has this id."""

    code = "bad_params"

    def __init__(self, memory_id: str) -> None:
        self.memory_id = memory_id
        HikariError.__init__(self, f"no memory has the id {memory_id!r}")

    def __str__(self) -> str:
        return f"no memory has the id {self.memory_id!r}"


class SourceError(HikariError):
    """A chat source that cannot go on; ``source`` is what it was opened as, such as ``twitch:name``."""

    code = "unavailable"

    def __init__(self, source: str, hint: str) -> None:
        self.source = source
        self.hint = hint
        super().__init__(f"{source}: {hint}")


class OverloadedError(HikariError):
    """The bounded queue is full; try again after ``retry_after_ms`` milliseconds."""

    code = "overloaded"

    def __init__(self, what: str, retry_after_ms: int) -> None:
        self.retry_after_ms = retry_after_ms
        super().__init__(f"{what} is full; try again in {retry_after_ms} ms")


class ClosedError(HikariError, RuntimeError):
    """Used after it was closed."""

    code = "unavailable"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is closed")


def _short(value: object, limit: int = 80) -> str:
    try:
        shown = reprlib.repr(value) if isinstance(value, list | tuple | dict | set) else repr(value)
    except RecursionError:
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
