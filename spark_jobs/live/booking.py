"""Accepted events into live numbers: claimed, counted, added up. For a batch of the live query and for a replay.

All of it happens in the caller's transaction, which has its turn (spark_jobs.fence.turn).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import psycopg
import pyarrow as pa

from spark_jobs.live import results
from spark_jobs.live.claims import Claimed, Claims
from spark_jobs.live.counting import LIVE, SKETCH, SPAN, TALLY, Exclusions
from spark_jobs.live.plan import Plan

QUERY = "live"

Count = Callable[[Mapping[int, Exclusions]], Mapping[str, pa.Table]]
"""Aggregates of the accepted events without those that a claim excludes, by kind (counting.count)."""


@dataclass(frozen=True)
class Booked:
    """What the claims said, and what was counted by kind."""

    claimed: Claimed
    counted: Mapping[str, pa.Table]


class Clock:
    """Adds up what the parts of a batch took, in seconds by name."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._begun = time.perf_counter()

    def spent(self, what: str) -> None:
        """The time since the last call, or since the clock was made, went into `what`."""
        now = time.perf_counter()
        self._seconds[what] = self._seconds.get(what, 0.0) + now - self._begun
        self._begun = now


def book(
    connection: psycopg.Connection, claims: Claims, asked: pa.Table, plan: Plan, count: Count, clock: Clock
) -> Booked:
    """Claim the ids of `asked` (see Claims.claim), count the rest, and add it to live.* and ops.*."""
    claimed = claims.claim(asked)
    clock.spent("claim")
    counted = count(claimed.excluded)
    clock.spent("count")
    results.add_conflicts(connection, plan.sources, claimed.conflicts)
    results.add_tally(connection, QUERY, counted[TALLY].to_pylist())
    if SPAN in counted:
        results.add_span(connection, counted[SPAN])
    for name, table in plan.tables.items():
        if LIVE + name in counted:
            results.add_minutes(connection, table, counted[LIVE + name])
    clock.spent("upsert")
    if SKETCH in counted:
        results.add_sketches(connection, plan.tables, counted[SKETCH])
    clock.spent("sketch")
    return Booked(claimed, counted)
