"""Answers to CALLs that have just been answered: a station that repeats one gets the same again."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

_KEPT = 16
_AGE = timedelta(minutes=5)
# These change nothing, and their answer is only true at its moment.
_ASKED_ANEW = frozenset({"Heartbeat", "Authorize", "BootNotification"})


class _Answered(NamedTuple):
    text_hash: int
    answer: str
    at: datetime


class Repeats:
    """The last answers of one connection.

    A repeat has the same message id and the same text: there are stations that count from the start
    again, or give every CALL the same id.
    """

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Answered] = OrderedDict()

    def answer(self, message_id: str, text: str, *, now: datetime) -> str | None:
        """The answer that this very CALL has had."""
        known = self._by_id.get(message_id)
        if known is None or known.text_hash != hash(text) or now - known.at > _AGE:
            return None
        return known.answer

    def keep(self, message_id: str, action: str, text: str, answer: str, *, now: datetime) -> None:
        """Remembers an answer for a while."""
        if action in _ASKED_ANEW:
            return
        self._by_id[message_id] = _Answered(hash(text), answer, now)
        self._by_id.move_to_end(message_id)
        if len(self._by_id) > _KEPT:
            self._by_id.popitem(last=False)
