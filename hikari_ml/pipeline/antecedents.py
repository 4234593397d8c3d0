"""Whom of theirs people spoke of just now: what "her name is Mochi" is about."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from hikari_ml.chat import ChatMessage, user_key
from hikari_ml.context_memory.relations import introduced

RECENT_SECONDS: Final = 300.0
"""How long a pronoun may stand for whom its author spoke of."""

USERS_KEPT: Final = 1000


class Antecedents:
    """The last one each author spoke of; the least recent of many authors are dropped."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def note(self, message: ChatMessage) -> None:
        """Take in whom ``message`` speaks of, if it is one."""
        who = introduced(message.text)
        if who is None:
            return
        author = user_key(message.username)
        self._last[author] = who, message.timestamp.timestamp()
        self._last.move_to_end(author)
        while len(self._last) > USERS_KEPT:
            self._last.popitem(last=False)

    def of(self, message: ChatMessage) -> str | None:
        """Whom the author of ``message`` spoke of before it, if that was just now."""
        who, moment = self._last.get(user_key(message.username), ("", 0.0))
        passed = message.timestamp.timestamp() - moment
        return who if who and 0 <= passed <= RECENT_SECONDS else None

    def forget(self, user: str) -> None:
        """Forget whom ``user`` spoke of."""
        self._last.pop(user_key(user), None)
