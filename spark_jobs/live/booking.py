"""Accepted events into live numbers: claimed, counted, added up. For a batch of the live query and a replay.

All of it happens in the caller's transaction, which has its turn (spark_jobs.fence.turn).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.live import results
from spark_jobs.live.claim_days import ClaimDays
from spark_jobs.live.claims import Claimed, Claims
from spark_jobs.live.counting import CONFLICTS, LIVE, NONE, SKETCH, SPAN, STEPS, TALLY, Exclusions
from spark_jobs.live.judging import CLAIMS, KEYS
from spark_jobs.live.plan import Plan
from spark_jobs.live.uniqueness import Broken, UniqueClaims, release
from spark_jobs.tally import add_tally
from streams.days import EPOCH, ONE_DAY

QUERY = "live"

Count = Callable[[Mapping[int, Exclusions]], Mapping[str, pa.Table]]
"""Aggregates of the accepted events without those that a claim excludes, by kind (counting.count)."""


@dataclass(frozen=True)
class Booked:
    """What the claims said, what was counted by kind, and by number of the source what broke a rule.

    Nothing of `broken` is counted or kept anywhere: that is left to the caller.
    """

    claimed: Claimed
    counted: Mapping[str, pa.Table]
    broken: Mapping[int, Broken]


class Clock:
    """Adds up what the parts of a batch took, in seconds by name."""

    def __init__(self, seconds: dict[str, float] | None = None) -> None:
        self._seconds = {} if seconds is None else seconds
        self._begun = time.perf_counter()

    def spent(self, what: str) -> None:
        """The time since the last call, or since the clock was made, went into `what`."""
        now = time.perf_counter()
        self._seconds[what] = self._seconds.get(what, 0.0) + now - self._begun
        self._begun = now


class Books:
    """What a connection needs to book events; remembers which ids and keys may be known."""

    def __init__(self, connection: psycopg.Connection, clock: Callable[[], Clock] = Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._ids = Claims(connection)
        self._keys = UniqueClaims(connection)
        self._days = (ClaimDays(connection, "claim"), ClaimDays(connection, "unique_claim"))

    def make_room(self, judged: Mapping[str, pa.Table]) -> None:
        """Make the partitions that the batch's claims go into."""
        for days, tables in zip(self._days, ([judged[CLAIMS]], keys_of(judged).values()), strict=True):
            for table in tables:
                days.ensure(EPOCH + ONE_DAY * day for day in pc.unique(table.column("event_day")).to_pylist())

    def forget(self, before: date) -> None:
        """Drop claims of event days before that day. Raises psycopg.errors.LockNotAvailable."""
        for days in self._days:
            days.drop_before(before)

    def release_keys(self, judged: Mapping[str, pa.Table], plan: Plan) -> None:
        """Give back the keys of rules that these very events have claimed before: they are asked again."""
        release(self._connection, _by_number(judged, plan), plan.rules)

    def book(self, judged: Mapping[str, pa.Table], plan: Plan, count: Count) -> Booked:
        """Claim the ids, then the keys of rules; count the rest, and add it to live.* and ops.*.

        judged: blobs of the first pass by kind, claims among them.
        """
        clock = self._clock()
        claimed = self._ids.claim(judged[CLAIMS])
        clock.spent("claim")
        broken = self._break(judged, plan, claimed.excluded)
        clock.spent("rules")
        counted = count(_excluded(claimed.excluded, broken))
        clock.spent("count")
        if CONFLICTS in counted:
            results.add_conflicts(self._connection, plan.sources, claimed.conflicts, counted[CONFLICTS])
        self._add(plan, counted)
        clock.spent("upsert")
        if SKETCH in counted:
            results.add_sketches(self._connection, plan.tables, counted[SKETCH])
        clock.spent("sketch")
        return Booked(claimed, counted, broken)

    def _break(
        self, judged: Mapping[str, pa.Table], plan: Plan, excluded: Mapping[int, Exclusions]
    ) -> Mapping[int, Broken]:
        fresh = {}
        for number, table in _by_number(judged, plan).items():
            known = excluded.get(number, NONE).positions
            fresh[number] = table.filter(pc.invert(pc.is_in(table.column("position"), pa.array(known))))
        return self._keys.claim(fresh, plan.rules) if fresh else {}

    def _add(self, plan: Plan, counted: Mapping[str, pa.Table]) -> None:
        if TALLY in counted:
            add_tally(self._connection, QUERY, counted[TALLY].to_pylist())
        if SPAN in counted:
            results.add_span(self._connection, counted[SPAN])
        for name, table in plan.tables.items():
            if LIVE + name in counted:
                results.add_minutes(self._connection, table, counted[LIVE + name])
        if STEPS in counted:
            results.add_steps(self._connection, counted[STEPS])


def keys_of(judged: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Source -> keys of its rules, of the sources in the batch that have rules."""
    return {kind.removeprefix(KEYS): table for kind, table in judged.items() if kind.startswith(KEYS)}


def _by_number(judged: Mapping[str, pa.Table], plan: Plan) -> dict[int, pa.Table]:
    numbers = {source: number for number, (source, _) in plan.sources.items()}
    return {numbers[source]: table for source, table in keys_of(judged).items()}


def _excluded(excluded: Mapping[int, Exclusions], broken: Mapping[int, Broken]) -> Mapping[int, Exclusions]:
    more = {
        number: excluded.get(number, NONE).with_quarantined(each.positions) for number, each in broken.items()
    }
    return {**excluded, **more}
