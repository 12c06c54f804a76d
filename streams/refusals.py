"""Counts of what was refused before Kafka, kept in ops.refusal by way, source, day and code.

Each refused event counts once, under its first reason. Counts are added up in memory and written together;
what PostgreSQL does not take stays in memory for the next attempt.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal, NamedTuple

import psycopg

from streams.zone import ZONE

Way = Literal["gateway", "import"]

_ADD = """
    insert into ops.refusal as r (way, source, received_day, code, events) values (%s, %s, %s, %s, %s)
    on conflict (way, source, received_day, code) do update set events = r.events + excluded.events
"""


class _Cell(NamedTuple):
    source: str
    day: date
    code: str


class Refusals:
    """Counts of one way in. Safe to call from several threads."""

    def __init__(self, way: Way, dsn: str) -> None:
        self._way = way
        self._dsn = dsn
        self._lock = threading.Lock()
        self._counts: Counter[_Cell] = Counter()

    def add(self, refused: Iterable[tuple[str, str]]) -> None:
        """Count refused events, each as (source, code), on the day that it is now."""
        today = datetime.now(ZONE).date()
        cells = [_Cell(source, today, code) for source, code in refused]
        with self._lock:
            self._counts.update(cells)

    def write(self) -> None:
        """Write what was counted since the last time. Raises psycopg.Error, and then keeps the counts."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        try:
            with psycopg.connect(self._dsn, connect_timeout=3) as connection:
                # In the same order everywhere: two writers cannot wait for each other.
                rows = [(self._way, *cell, events) for cell, events in sorted(taken.items())]
                connection.cursor().executemany(_ADD, rows)
        except psycopg.Error:
            with self._lock:
                self._counts.update(taken)
            raise
