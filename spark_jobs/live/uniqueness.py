"""Rules across events: keys are claimed in PostgreSQL like ids, in the transaction of their batch.

The judge gives each accepted event a key for each of its contract's rules; equal keys are of the same thing
in the same period. `ops.unique_claim` has a row for each event that a rule let through, numbered from 0 in
the order of claiming. streams.judge.uniqueness decides; here it learns what earlier batches let through.

Keys that were not claimed lately are not asked for (see Hint). Where one was claimed after all, its number is
taken: the COPY fails under its savepoint, and all are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spark_jobs.live.binary_copy import (
    INFINITE_DAY,
    Column,
    copy_rows,
    days,
    first_bits,
    fixed,
    instants,
    joined,
    packed,
)
from spark_jobs.live.hint import Hint
from spark_jobs.live.position import offset_of, partition_of
from streams.days import EPOCH, ONE_DAY
from streams.judge.uniqueness import KEY, Asked, UniqueKey, ask
from streams.zone import ZONE

Rules = Mapping[int, Sequence[UniqueKey]]
"""By number of the source."""

_ORDER = [("received_at", "ascending"), ("position", "ascending")]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOUND = """
    select c.key, count(*), min(c.position) filter (where c.nth = 0),
        min(c.received_at) filter (where c.nth = 0)
    from asked_key a join ops.unique_claim c using (bucket, key) group by c.key
"""

# The others of a key are numbered anew: the next one is numbered by how many there are.
_RELEASE = """
    with own as (
        select * from unnest(%s::date[], %s::uuid[], %s::bigint[]) o (bucket, key, position)
    ), gone as (
        delete from ops.unique_claim c using (
            select distinct bucket, key from own join ops.unique_claim using (bucket, key, position)
        ) k where (c.bucket, c.key) = (k.bucket, k.key) returning c.*
    )
    insert into ops.unique_claim (bucket, key, nth, source, event_day, position, received_at)
    select bucket, key, row_number() over (partition by bucket, key order by nth) - 1, source, event_day,
        position, received_at
    from gone g
    where not exists (
        select from own o where (o.bucket, o.key, o.position) = (g.bucket, g.key, g.position))
"""


@dataclass(frozen=True)
class Broken:
    """Events of one source that a rule rejects: positions, ascending, and code and detail of the reason."""

    positions: NDArray[np.int64]
    codes: tuple[str, ...]
    details: tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """Keys that are claimed, each once: how often, and where and when the first of each was received.

    received_at: microseconds since 1970.
    """

    key: pa.Array
    count: NDArray[np.int64]
    position: NDArray[np.int64]
    received_at: NDArray[np.int64]

    def table(self) -> pa.Table:
        return pa.table({"key": self.key, "count": self.count})


NOTHING = Taken(pa.array([], KEY), *(np.zeros(0, np.int64),) * 3)


@dataclass(frozen=True)
class Decision:
    """Of one source: the rows that its rules let through, for ops.unique_claim, and what breaks them."""

    claims: tuple[NDArray[np.void], ...]
    broken: Broken | None


class UniqueClaims:
    """Claims keys on one connection; remembers which may be known."""

    def __init__(self, connection: psycopg.Connection, hint: Hint | None = None) -> None:
        self._connection = connection
        self._hint = hint or Hint()
        self._guess_failed = False
        connection.execute(
            "create temporary table if not exists asked_key (bucket date, key uuid) on commit delete rows"
        )

    def claim(self, events: Mapping[int, pa.Table], rules: Rules) -> dict[int, Broken]:
        """Claim the keys of new events, within the caller's transaction; those that break a rule, by source.

        events: number of the source -> its accepted events that are no duplicates: position, received_at,
        event_day and the rules' columns. The partitions of their days must exist.
        """
        ordered = {number: table.sort_by(_ORDER) for number, table in events.items() if table.num_rows}
        asked = _distinct_keys(ordered, rules)
        if not len(asked):
            return {}
        first = first_bits(asked["key"])
        foreseen = self._hint.may_know(first)
        self._hint.add(first)
        taken = self._taken(asked if self._guess_failed else asked[foreseen])
        decided = {number: decide(number, table, rules[number], taken) for number, table in ordered.items()}
        if self._guess_failed:
            self._copy(decided)
            unforeseen = pa.array(asked["key"][~foreseen].tolist(), KEY)
            self._guess_failed = bool(pc.any(pc.is_in(unforeseen, value_set=taken.key)).as_py())
        elif not self._copy_new(decided):
            self._guess_failed = True
            taken = self._taken(asked)
            decided = {n: decide(n, table, rules[n], taken) for n, table in ordered.items()}
            self._copy(decided)
        return {number: each.broken for number, each in decided.items() if each.broken is not None}

    def _taken(self, asked: NDArray[np.void]) -> Taken:
        if not len(asked):
            return NOTHING
        self._connection.execute("delete from asked_key")
        copy_rows(self._connection, ("asked_key",), asked)
        self._connection.execute("analyze asked_key")
        return _taken(self._connection.execute(_FOUND).fetchall())

    def _copy_new(self, decided: Mapping[int, Decision]) -> bool:
        try:
            with self._connection.transaction():
                self._copy(decided)
        except psycopg.errors.UniqueViolation:
            return False
        return True

    def _copy(self, decided: Mapping[int, Decision]) -> None:
        rows = joined([part for each in decided.values() for part in each.claims])
        if len(rows):
            # In the order of the index, which is what COPY is fastest in.
            order = np.lexsort((rows["nth"], first_bits(rows["key"]), rows["bucket"]))
            copy_rows(self._connection, ("ops", "unique_claim"), rows[order])


def release(connection: psycopg.Connection, events: Mapping[int, pa.Table], rules: Rules) -> None:
    """Give back the keys that these very events have claimed: they are about to be asked again.

    events: as for `UniqueClaims.claim`.
    """
    for number, table in events.items():
        for rule in rules[number]:
            own = table.select(["event_day", "position", rule.column]).drop_null().to_pylist()
            days_ = [(EPOCH + ONE_DAY * row["event_day"]).isoformat() for row in own]
            buckets = days_ if rule.per == "day" else ["infinity"] * len(own)
            keys = [row[rule.column].hex() for row in own]
            connection.execute(_RELEASE, (buckets, keys, [row["position"] for row in own]))


def decide(number: int, events: pa.Table, rules: Sequence[UniqueKey], taken: Taken) -> Decision:
    """What the rules say of one source's events, which are in the order in which they were received. Pure."""
    position, received_at = (_numbers(events.column(name)) for name in ("position", "received_at"))
    claims, broken = [], dict[int, tuple[str, str]]()
    for asked in ask(events, rules, {rule.name: taken.table() for rule in rules}):
        lost = asked.broken
        claims.append(_rows(number, events, asked, asked.rows[~lost], asked.before[~lost]))
        if lost.any():
            holder_at, holder_received = _first(asked, taken, position, received_at)
            for row, code in zip(asked.rows[lost].tolist(), asked.codes[lost].tolist(), strict=True):
                detail = _detail(int(holder_at[code]), int(holder_received[code]))
                broken[int(position[row])] = asked.rule.code, detail
    return Decision(tuple(claims), _broken(broken) if broken else None)


def _rows(
    number: int, events: pa.Table, asked: Asked, rows: NDArray[np.int64], before: NDArray[np.int64]
) -> NDArray[np.void]:
    kept = events.select(["position", "received_at", "event_day", asked.rule.column]).take(pa.array(rows))
    event_day = kept.column("event_day").to_numpy()
    return packed(
        {
            "bucket": _bucket(asked.rule, event_day),
            "key": ("V16", fixed(kept.column(asked.rule.column))),
            "nth": (">i2", before),
            "source": (">i2", np.full(len(rows), number)),
            "event_day": days(event_day),
            "position": (">i8", _numbers(kept.column("position"))),
            "received_at": instants(_numbers(kept.column("received_at"))),
        }
    )


def _bucket(rule: UniqueKey, event_day: NDArray[np.int32]) -> Column:
    """Where the claims of a rule stand: with their event day, or all together."""
    if rule.per == "day":
        return days(event_day)
    return ">i4", np.full(len(event_day), INFINITE_DAY, np.int32)


def _first(
    asked: Asked, taken: Taken, position: NDArray[np.int64], received_at: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position and received time of the first event of each key: of an earlier batch, or of this one."""
    at, when = (np.zeros(len(asked.keys), np.int64) for _ in range(2))
    known = pc.index_in(asked.keys, value_set=taken.key)
    earlier = known.is_valid().to_numpy(zero_copy_only=False)
    places = known.drop_null().to_numpy()
    at[earlier], when[earlier] = taken.position[places], taken.received_at[places]
    opening = asked.before == 0
    at[asked.codes[opening]] = position[asked.rows[opening]]
    when[asked.codes[opening]] = received_at[asked.rows[opening]]
    return at, when


def _broken(found: Mapping[int, tuple[str, str]]) -> Broken:
    positions = sorted(found)
    codes, details = zip(*(found[position] for position in positions), strict=True)
    return Broken(np.array(positions, np.int64), codes, details)


def _detail(position: int, received_at: int) -> str:
    """Where the event is that came first, for operators."""
    when = (_EPOCH + timedelta(microseconds=received_at)).astimezone(ZONE)
    where = f"分区 {partition_of(position)} 位置 {offset_of(position)}"
    return f"首次：{where}，接收时间 {when:%Y-%m-%d %H:%M:%S}"


def _distinct_keys(events: Mapping[int, pa.Table], rules: Rules) -> NDArray[np.void]:
    """The keys of all rules, each once, with their buckets."""
    parts = []
    for number, table in events.items():
        for rule in rules[number]:
            found = table.select(["event_day", rule.column]).rename_columns(["event_day", "key"]).drop_null()
            distinct = found.group_by("key", use_threads=False).aggregate([("event_day", "min")])
            if distinct.num_rows:
                event_day = distinct.column("event_day_min").to_numpy()
                key = fixed(distinct.column("key"))
                parts.append(packed({"bucket": _bucket(rule, event_day), "key": ("V16", key)}))
    return joined(parts)


def _taken(rows: Sequence[tuple[Any, ...]]) -> Taken:
    if not rows:
        return NOTHING
    keys, counts, positions, received = zip(*rows, strict=True)
    instants_ = [(each - _EPOCH) // timedelta(microseconds=1) for each in received]
    return Taken(
        pa.array([key.bytes for key in keys], KEY),
        *(np.array(values, np.int64) for values in (counts, positions, instants_)),
    )


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    numbers: NDArray[np.int64] = column.cast(pa.int64()).to_numpy()
    return numbers
