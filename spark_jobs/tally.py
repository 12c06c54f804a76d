"""Counts of a query by outcome: what the ledger compares. They add up, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import psycopg

from streams.days import EPOCH

_ADD = """
    insert into ops.tally (query, source, received_day, outcome, events)
    select %s, source, day, outcome, sum(events)
    from unnest(%s::text[], %s::date[], %s::text[], %s::bigint[]) t (source, day, outcome, events)
    group by source, day, outcome order by source, day, outcome
    on conflict (query, source, received_day, outcome) do update set events = tally.events + excluded.events
"""


def add_tally(connection: psycopg.Connection, query: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """rows: source, received_day (days since 1970), outcome, events."""
    found = list(rows)
    days = [EPOCH + timedelta(days=row["received_day"]) for row in found]
    sources, outcomes, events = ([row[name] for row in found] for name in ("source", "outcome", "events"))
    connection.execute(_ADD, (query, sources, days, outcomes, events))
