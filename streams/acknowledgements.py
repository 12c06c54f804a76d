"""Counts of what Kafka took and a sender was told so, kept in ops.acknowledged by way, source and day.

They are the ledger's upstream side: what was acknowledged has to be in Kafka. The day is that of the time
which Kafka gave the event, so that it is the day under which the ledger finds it. Counts are added up in
memory and written together; what PostgreSQL does not take stays in memory for the next attempt. A process
that is killed loses the counts of its last second: Kafka then has more than was acknowledged, never less.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal

import psycopg

from streams.days import day_of
from streams.delivery import Outcome, Position

_ADD = """
    insert into ops.acknowledged as a (way, source, received_day, events)
    select %s, source, day, events from unnest(%s::text[], %s::date[], %s::bigint[]) n (source, day, events)
    order by source, day
    on conflict (way, source, received_day) do update set events = a.events + excluded.events
"""
_MILLISECONDS_OF_AN_HOUR = 3_600_000


class Acknowledgements:
    """Counts of one way in. Safe to call from several threads."""

    def __init__(self, dsn: str, way: Literal["gateway", "import"]) -> None:
        self._dsn = dsn
        self._way = way
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, date]] = Counter()

    def add(self, outcomes: Iterable[tuple[str, Outcome | None]]) -> None:
        """Count acknowledged events, each as its source and Kafka's answer; other answers are left out."""
        # A day begins at a full hour in the platform's zone: one conversion an hour, not one an event.
        hours = Counter(
            (source, outcome.received_ms // _MILLISECONDS_OF_AN_HOUR)
            for source, outcome in outcomes
            if isinstance(outcome, Position)
        )
        with self._lock:
            for (source, hour), events in hours.items():
                self._counts[source, day_of(datetime.fromtimestamp(hour * 3_600, UTC))] += events

    def write(self) -> None:
        """Write what was counted since the last time. Raises psycopg.Error, and then keeps the counts."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        columns = ([source for source, _ in taken], [day for _, day in taken], list(taken.values()))
        try:
            with psycopg.connect(self._dsn, connect_timeout=3) as connection:
                connection.execute(_ADD, (self._way, *columns))
        except psycopg.Error:
            with self._lock:
                self._counts.update(taken)
            raise
