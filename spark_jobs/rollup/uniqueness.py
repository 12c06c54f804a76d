"""Rules across events over a whole day, by the function that the live query's claims agree with.

A rule per day is decided by the day's events alone. For longer periods the claims of other days count too, as
the live query has them: whichever day an event is of, the one that was received first keeps the key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from spark_jobs.rollup.ledger import Connection
from streams.judge.uniqueness import KEY, UniqueKey, broken, in_order

KEYS_AT_ONCE = 50_000

Taken = Callable[[pa.Array], pa.Table]
"""Keys, each once -> those that events of other days have claimed: key binary(16), count bigint."""

_ELSEWHERE = """
    select c.key, count(*) from unnest(%s::uuid[]) k (key)
    join ops.unique_claim c on c.bucket = 'infinity' and c.key = k.key
    where c.event_day <> %s group by c.key
"""


def column(rule: UniqueKey) -> str:
    """The rule's keys among the columns of `verdicts.judged`."""
    return f"_{rule.column}"


def with_broken(again: DataFrame, counted: DataFrame, rules: Sequence[UniqueKey], taken: Taken) -> DataFrame:
    """`again` (`_row`, `_day`, `outcome`) and the events that break a rule, with its code as outcome.

    `counted`: the day's accepted events without those in `again`. Their keys come to the driver: 60 bytes and
    16 a rule for each event that a rule applies to.
    """
    if not rules:
        return again
    applies = " or ".join(f"{column(rule)} is not null" for rule in rules)
    names = {"_row": "row", "_day": "day", "_received": "received_at", "_partition": "partition"}
    names |= {"_offset": "offset"} | {column(rule): rule.column for rule in rules}
    events = counted.where(applies).select(*names).toArrow().rename_columns(list(names.values()))
    found = broken_rows(events, rules, taken)
    return again.unionByName(counted.sparkSession.createDataFrame(found)) if found.num_rows else again


def broken_rows(events: pa.Table, rules: Sequence[UniqueKey], taken: Taken) -> pa.Table:
    """`_row`, `_day`, `outcome` of those that break a rule. Pure but for `taken`."""
    ordered = in_order(events)
    elsewhere: Mapping[str, pa.Table] = {
        rule.name: taken(pc.unique(ordered.column(rule.column).drop_null()))
        for rule in rules
        if rule.per != "day"
    }
    verdicts = broken(ordered, rules, elsewhere)
    kept = ordered.append_column("verdict", verdicts).filter(verdicts.is_valid())
    codes = pa.array([rule.code for rule in rules])
    columns = [kept.column("row"), kept.column("day"), pc.take(codes, kept.column("verdict"))]
    return pa.table(columns, ["_row", "_day", "outcome"])


def nothing(keys: pa.Array) -> pa.Table:
    """Taken where no event of another day has claimed anything."""
    del keys
    return pa.table({"key": pa.array([], KEY), "count": pa.array([], pa.int64())})


def elsewhere(connection: Connection, day: date) -> Taken:
    """What events of other days than `day` have claimed live, in periods longer than a day."""

    def taken(keys: pa.Array) -> pa.Table:
        found: list[tuple[bytes, int]] = []
        for begin in range(0, len(keys), KEYS_AT_ONCE):
            asked = [key.hex() for key in keys.slice(begin, KEYS_AT_ONCE).to_pylist()]
            rows = connection.execute(_ELSEWHERE, (asked, day)).fetchall()
            found += [(key.bytes, count) for key, count in rows]
        columns = [[key for key, _ in found], [count for _, count in found]]
        return pa.table({"key": pa.array(columns[0], KEY), "count": pa.array(columns[1], pa.int64())})

    return taken
