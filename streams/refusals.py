"""Counts of what was refused before Kafka, kept in ops.refusal by way, source, day, code and file.

Each refused event counts once, under its first reason. The gateway's are added up in memory and written
together; what PostgreSQL does not take stays in memory for the next attempt. Those of a file are what its
last whole import found, on the day of its first: importing it again counts nothing again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

import psycopg

from streams.zone import ZONE

_ADD = """
    insert into ops.refusal as r (way, source, received_day, code, events) values (%s, %s, %s, %s, %s)
    on conflict (way, source, received_day, code, file) do update set events = r.events + excluded.events
"""
_FIRST_DAY = "select min(received_day) from ops.refusal where way = 'import' and source = %s and file = %s"
_FORGET = "delete from ops.refusal where way = 'import' and source = %s and file = %s"
_AT_LEAST = """
    insert into ops.refusal as r (way, source, received_day, code, file, events)
    values ('import', %s, %s, %s, %s, %s)
    on conflict (way, source, received_day, code, file)
        do update set events = greatest(r.events, excluded.events)
"""


class _Cell(NamedTuple):
    source: str
    day: date
    code: str


class Refusals:
    """Counts of the gateway. Safe to call from several threads."""

    def __init__(self, dsn: str) -> None:
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
                rows = [("gateway", *cell, events) for cell, events in sorted(taken.items())]
                connection.cursor().executemany(_ADD, rows)
        except psycopg.Error:
            with self._lock:
                self._counts.update(taken)
            raise


class FileRefusals:
    """Counts of one file, by code. `file`: its fingerprint."""

    def __init__(self, dsn: str, source: str, file: str) -> None:
        self._dsn = dsn
        self._source = source
        self._file = file
        self._counts: Counter[str] = Counter()

    def add(self, codes: Iterable[str]) -> None:
        """Count refused lines, each by the code of its first reason."""
        self._counts.update(codes)

    def write(self, *, whole: bool) -> None:
        """Keep what was counted. `whole`: of every line, so that it replaces what earlier imports found.

        Raises psycopg.Error; the import may then be run again.
        """
        if not whole and not self._counts:
            return
        of_file = (self._source, self._file)
        with psycopg.connect(self._dsn, connect_timeout=3) as connection:
            (first,) = connection.execute(_FIRST_DAY, of_file).fetchone() or (None,)
            day = first or datetime.now(ZONE).date()
            if whole:
                connection.execute(_FORGET, of_file)
            rows = [
                (self._source, day, code, self._file, events) for code, events in sorted(self._counts.items())
            ]
            connection.cursor().executemany(_AT_LEAST, rows)
