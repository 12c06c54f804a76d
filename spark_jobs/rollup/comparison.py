"""What live has counted of a day against what a rollup counts: only what differs is looked at one by one.

Both sides are cut into buckets by the ids' first two bytes, and each bucket is told by a count, a sum and an
exclusive or of the positions in it. Ids are fetched from buckets that differ: none, on most days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import sql
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup import ledger
from spark_jobs.rollup.day import Day
from spark_jobs.rollup.differences import (
    COUNTED,
    OFFSET,
    PARTITION_SHIFT,
    REJECTED,
    Entry,
    Findings,
    Held,
    Judged,
    Reached,
    Totals,
    entries,
)
from spark_jobs.rollup.ledger import Connection
from streams import days
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.contract.types import NAMED_TYPES
from streams.judge.uniqueness import CODE as UNIQUE_CODE

PRIME = 1_000_003
"""Sums of positions stay within 64 bits below nine million million events."""
ROWS_AT_ONCE = 200_000
REPLAYED = "已重放"

Digest = tuple[int, int, int]

# An event that breaks a rule of uniqueness may have claimed its id too: it stands in the quarantine.
_LIVE = f"""
    select c.position, c.id,
        get_byte(uuid_send(c.id), 0) * 256 + get_byte(uuid_send(c.id), 1) as bucket
    from ops.claim c
    where c.event_day = %(day)s and c.source = (select number from ops.contract where source = %(source)s)
        and not exists (
            select from ops.quarantine q
            where q.topic = %(topic)s and q.partition = (c.position >> {PARTITION_SHIFT})::int
                and q."offset" = c.position & {OFFSET} and q.state <> %(replayed)s)
"""  # noqa: S608 (of numbers)
_DIGEST = f"""
    select bucket, count(*), sum(position %% {PRIME})::bigint, bit_xor(position) from ({_LIVE}) c group by 1
"""  # noqa: S608 (of numbers)
_OF_BUCKETS = f"select position, uuid_send(id) from ({_LIVE}) c where bucket = any(%(buckets)s)"  # noqa: S608 (of numbers)
_EVENTS = "select coalesce(sum(events), 0)::bigint from ops.span where source = %s and event_day = %s"
_HELD = f"""
    select (q.partition::bigint << {PARTITION_SHIFT}) + q."offset", q.state = %(replayed)s,
        not exists (select from jsonb_array_elements(q.reasons) r
            where not starts_with(r.value ->> 'code', %(unique)s))
    from ops.quarantine q
    where q.topic = %(topic)s and (q.partition, q."offset") in (
        select (p >> {PARTITION_SHIFT})::int, p & {OFFSET} from unnest(%(positions)s::bigint[]) p)
"""  # noqa: S608 (of numbers)
_HELD_OF_DAY = f"""
    select (partition::bigint << {PARTITION_SHIFT}) + "offset" from ops.quarantine
    where source = %(source)s and event_time >= %(begin)s and event_time < %(end)s limit {ROWS_AT_ONCE}
"""  # noqa: S608 (of numbers)


@dataclass(frozen=True)
class Frames:
    """A rollup's records: all as judged, those that do not count though accepted, and those that count."""

    verdicts: DataFrame
    again: DataFrame
    counted: DataFrame


@dataclass(frozen=True)
class Comparison:
    """Looks at live's side of one source and day. position: partition -> first offset that is surely not in
    the lake that the rollup has read."""

    connection: Connection
    contract: Contract
    topic: str
    day: date
    position: Mapping[int, int]

    def look(self, frames: Frames, repeated: int) -> Findings:
        """What differs. `repeated`: duplicates and conflicts that the rollup has found.

        The connection is in no transaction. One snapshot: counts, claims and quarantine fit together.
        """
        names = tuple(summed(self.contract))
        final = digests(frames.counted)
        with self.connection.transaction():
            self.connection.execute("set transaction isolation level repeatable read, read only")
            live = live_totals(self.connection, self.contract, self.day)
            known = {bucket: tuple(rest) for bucket, *rest in self._ask(_DIGEST)}
            reached = Reached(ledger.positions(self.connection, "live", self.topic), self.position)
            if not known and live.events:
                return Findings(live, tuple(self._forgotten(frames, names, reached)), repeated)
            found: list[Entry] = []
            for buckets in groups(known, final):
                claims = dict(self._ask(_OF_BUCKETS, buckets=buckets))
                found += self._entries(frames, names, claims, buckets, reached)
            return Findings(live, tuple(found))

    def _entries(
        self,
        frames: Frames,
        names: Sequence[str],
        claims: Mapping[int, bytes],
        buckets: Sequence[int],
        reached: Reached,
    ) -> Iterator[Entry]:
        counted = list(_records(_chosen(frames.counted, bucket(), buckets, "int"), names))
        final = {record.position for record in counted}
        lost = [position for position in claims if position not in final]
        others = _judged_again(frames, lost, names) if lost else ()
        held = self._held([record.position for record in counted if record.position not in claims])
        yield from entries(claims, [*counted, *others], held, reached)

    def _forgotten(self, frames: Frames, names: Sequence[str], reached: Reached) -> Iterator[Entry]:
        """Without the day's claims: what can be told of events that were quarantined, and now count."""
        at = {"begin": days.begin(self.day), "end": days.end(self.day)}
        positions = [position for (position,) in self._ask(_HELD_OF_DAY, **at)]
        counted = _records(_chosen(frames.counted, place(), positions, "bigint"), names) if positions else ()
        yield from entries({}, counted, self._held(positions), reached)

    def _held(self, positions: Sequence[int]) -> dict[int, Held]:
        rows = self._ask(_HELD, positions=positions, unique=UNIQUE_CODE) if positions else ()
        return {position: Held(replayed, unique) for position, replayed, unique in rows}

    def _ask(self, query: str, **more: object) -> list[tuple[Any, ...]]:
        at = {"day": self.day, "source": self.contract.source, "topic": self.topic, "replayed": REPLAYED}
        return self.connection.execute(query, {**at, **more}).fetchall()


def live_totals(connection: Connection, contract: Contract, day: date) -> Totals:
    """What live has counted of a day up to now.

    A sum is left out where its metric was deployed after live had begun to count the day.
    """
    events = int(connection.execute(_EVENTS, (contract.source, day)).fetchall()[0][0])
    sums = {}
    for field, (table, counter, column) in summed(contract).items():
        query = sql.SQL(
            "select coalesce(sum({}), 0)::bigint, coalesce(sum({}), 0)::bigint from {}"
            " where minute >= %s and minute < %s"
        ).format(*map(sql.Identifier, (counter, column)), sql.Identifier("live", table.name))
        ((count, total),) = connection.execute(query, (days.begin(day), days.end(day))).fetchall()
        if count == events:
            sums[field] = total
    return Totals(events, sums)


def published_totals(day: Day) -> Totals:
    """What a rollup found of a day, as `live_totals` has it."""
    sums = {
        field: sum(value or 0 for value in day.metrics[table.metric].column(column).to_pylist())
        for field, (table, _, column) in summed(day.contract).items()
    }
    return Totals(day.counts.accepted, sums)


def summed(contract: Contract) -> dict[str, tuple[MetricTable, str, str]]:
    """Whole-number field -> a metric that counts its events and adds the field up: table, both columns."""
    found: dict[str, tuple[MetricTable, str, str]] = {}
    for table in metric_tables(contract):
        counter = next((c.name for c in table.columns if c.aggregate == "count" and c.field is None), None)
        for column in table.columns:
            if counter is None or column.aggregate != "sum" or column.field is None:
                continue
            if NAMED_TYPES[contract.columns[column.field].type].duckdb == "BIGINT":
                found.setdefault(column.field, (table, counter, column.name))
    return found


def digests(counted: DataFrame) -> dict[int, Digest]:
    """Bucket -> count, sum and exclusive or of the positions of the events that count."""
    told = counted.select(bucket().alias("bucket"), place().alias("position")).groupBy("bucket")
    rows = told.agg(F.count("*"), F.sum(F.col("position") % PRIME), F.bit_xor("position")).collect()
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


def groups(live: Mapping[int, Digest], final: Mapping[int, Digest]) -> Iterator[list[int]]:
    """The buckets that differ, as many at a time as can be held."""
    group: list[int] = []
    rows = 0
    for each in sorted(live.keys() | final.keys()):
        one, other = live.get(each), final.get(each)
        if one != other:
            group.append(each)
            rows += max(one[0] if one else 0, other[0] if other else 0)
        if rows >= ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
    if group:
        yield group


def bucket() -> Column:
    """The first two bytes of the id as a number."""
    return F.conv(F.hex(F.substring("_claim", 1, 2)), 16, 10).cast("int")


def place() -> Column:
    """The position: partition << 40 | offset."""
    return F.shiftleft(F.col("_partition").cast("bigint"), PARTITION_SHIFT) + F.col("_offset")


def _chosen(rows: DataFrame, key: Column, keys: Iterable[int], kind: str) -> DataFrame:
    wanted = rows.sparkSession.createDataFrame([(each,) for each in keys], f"_key {kind}")
    return rows.withColumn("_key", key).join(F.broadcast(wanted), "_key", "left_semi")


def _judged_again(frames: Frames, positions: Sequence[int], names: Sequence[str]) -> Iterator[Judged]:
    """What the rollup made of records at these positions, none of which it counted."""
    told = frames.again.select("_row", F.col("outcome").alias("_outcome"))
    rows = _chosen(frames.verdicts, place(), positions, "bigint").join(told, "_row", "left")
    # What is accepted, not told again and does not count either is of another day.
    outcome = F.coalesce("_outcome", F.when(F.col("_accepted"), "elsewhere").otherwise(REJECTED))
    return _records(rows.withColumn("_outcome", outcome), names, "_outcome")


def _records(rows: DataFrame, names: Sequence[str], outcome: str | None = None) -> Iterator[Judged]:
    said = F.lit(COUNTED) if outcome is None else F.col(outcome)
    for row in rows.select(place(), "_claim", said, "_accepted", *names).collect():
        position, claim, result, accepted, *values = row
        read = {name: value or 0 for name, value in zip(names, values, strict=True)} if accepted else None
        yield Judged(position, None if claim is None else bytes(claim), result, read)
