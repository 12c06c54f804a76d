"""First pass of a batch, in the workers: records of Kafka become verdicts, and those become blobs."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.blobs import pack
from spark_jobs.live.position import positions
from spark_jobs.settled import settled
from streams.judge.judge import Judge
from streams.zone import ZONE_NAME

READ, FRESH, REFUSED, CLAIMS, ROWS, REJECTED = "read", "fresh", "refused", "claims", "rows", "rejected"
PLACES, VERSIONS, KEYS, VALUES = "places", "versions", "keys:", "values"
FEW_ROWS, FEW_REJECTED = "few rows", "few rejected"
COMPRESSED = frozenset({VALUES})
"""Large, and seldom asked for."""
LARGE = frozenset({ROWS, REJECTED, VALUES})
"""What stays with the workers until it is asked for."""

REJECTED_COLUMNS = (
    "source", "topic", "partition", "offset", "received_at", "event_id", "event_at", "division", "place",
    "reasons", "excerpt",
)  # fmt: skip
_KEPT = (
    "partition", "offset", "received_at", "event_at", "event_day", "minute", "claim_id", "content", "place",
)  # fmt: skip
REJECTED_ROWS = 2_000
"""Rows in one blob of rejected events: at 2,000 characters of excerpt each, 4 to 12 MB."""


@dataclass(frozen=True)
class Judging:
    """For `mapInArrow`: batches of Kafka records -> blobs (spark_jobs.blobs.BLOBS).

    judge: pickled Judge. revision: names it, so that a worker unpickles it once. numbers: source -> number.
    extra: source -> columns of the verdicts that its rows keep beside those of its metrics. few_events: of an
    Arrow batch of at most so many, the rows come under a name of their own (FEW_ROWS); few_rejected: rejected
    events too, if they are no more than that in a blob (FEW_REJECTED).
    """

    revision: str
    judge: bytes
    numbers: Mapping[str, int]
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    few_events: int = 0
    few_rejected: int = 0

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return settled(self._judged(batches), f"judging {self.revision}")

    def _judged(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge = unpickled(self.revision, self.judge)
        for batch in batches:
            if batch.num_rows:
                verdicts = judge.judge(batch).append_column("value", batch.column("value"))
                made = parts(verdicts, judge, self.numbers, self.extra)
                is_few = batch.num_rows <= self.few_events
                yield pack(((self._named(kind, table, is_few), table) for kind, table in made), COMPRESSED)

    def _named(self, kind: str, table: pa.Table, is_few: bool) -> str:
        if kind == ROWS and is_few:
            return FEW_ROWS
        return FEW_REJECTED if kind == REJECTED and table.num_rows <= self.few_rejected else kind


@lru_cache(maxsize=2)
def unpickled(revision: str, judge: bytes) -> Judge:
    del revision  # only names the judge in the cache's key, together with its bytes
    unpickled: Judge = pickle.loads(judge)  # noqa: S301 (made by the driver of this very job)
    return unpickled


def parts(
    verdicts: pa.Table, judge: Judge, numbers: Mapping[str, int], extra: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, pa.Table]]:
    """What the batch needs of the verdicts (which have the records' `value` too), by kind.

    read: topic, partition, first, last offset, events, oldest, newest received time.
    refused: source, received_day, events. rejected: the quarantine's rows, in pieces.
    fresh: source, last event time (never later than it was received), last received time.
    places: source, received_day, place, events: what a place's share in quarantine is a share of.
    versions: source, received_day, version, events: made under another version of the contract, as they say.
    claims: number, position, event_day, claim_id, content.
    rows: number, position, received_day, received_at, event_day, minute, the slots of one source and its
    extra columns.
    keys:<source>: number, position, received_at, event_day and the keys of its rules of uniqueness, of events
    that one of them applies to. values: number, position, received_at and value of the same events, of which
    some may yet have to go into quarantine.
    """
    yield READ, _read(verdicts)
    accepted = verdicts.column("accepted")
    if verdicts.column("made_under").null_count < verdicts.num_rows:
        yield VERSIONS, _versions(verdicts)
    if not pc.all(accepted).as_py():
        yield from _refused(verdicts.select(REJECTED_COLUMNS).filter(pc.invert(accepted)))
    for source in pc.unique(verdicts.column("source")).to_pylist():
        if source not in judge.slots:
            continue
        used = sorted({*judge.slots[source].values(), *extra.get(source, ())})
        rules = [rule.column for rule in judge.unique[source]]
        needed = [*_KEPT, *used, *rules, *(["value"] if rules else [])]
        own = _where(
            verdicts.select(list(dict.fromkeys(needed))),
            pc.and_(accepted, pc.equal(verdicts.column("source"), source)),
        )
        if own.num_rows:
            yield from _accepted(own, source, numbers[source], used)
            if rules:
                yield from _keyed(own, source, numbers[source], rules)


def counted_by_day(rejected: pa.Table) -> pa.Table:
    """How many of the quarantine's rows there are: source, received_day, events."""
    days = rejected.append_column("received_day", received_day(rejected))
    counted = days.group_by(["source", "received_day"]).aggregate([([], "count_all")])
    return counted.rename_columns(["source", "received_day", "events"])


def _refused(rejected: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    yield REFUSED, counted_by_day(rejected)
    for start in range(0, rejected.num_rows, REJECTED_ROWS):
        yield REJECTED, rejected.slice(start, REJECTED_ROWS)


def _accepted(own: pa.Table, source: str, number: int, used: list[str]) -> Iterator[tuple[str, pa.Table]]:
    yield FRESH, _fresh(own, source)
    received = received_day(own)
    yield PLACES, _places(own, received, source)
    number_column = pa.repeat(pa.scalar(number, pa.int16()), own.num_rows)
    keys = [number_column, _positions(own)]
    names = ["event_day", "claim_id", "content"]
    yield CLAIMS, pa.table([*keys, *own.select(names)], ["number", "position", *names])
    names = list(dict.fromkeys(["received_at", "event_day", "minute", *used]))
    rows = [*keys, received, *own.select(names)]
    yield ROWS, pa.table(rows, ["number", "position", "received_day", *names])


def _keyed(own: pa.Table, source: str, number: int, rules: list[str]) -> Iterator[tuple[str, pa.Table]]:
    applies = pc.invert(own.column(rules[0]).is_null())
    for rule in rules[1:]:
        applies = pc.or_(applies, pc.invert(own.column(rule).is_null()))
    rows = _where(own.append_column("position", _positions(own)), applies)
    rows = rows.append_column("number", pa.repeat(pa.scalar(number, pa.int16()), rows.num_rows))
    yield KEYS + source, rows.select(["number", "position", "received_at", "event_day", *rules])
    yield VALUES, rows.select(["number", "position", "received_at", "value"])


def _where(table: pa.Table, condition: pa.ChunkedArray) -> pa.Table:
    return table if pc.all(condition).as_py() else table.filter(condition)


def received_day(rows: pa.Table) -> pa.ChunkedArray:
    """Days since 1970-01-01 (int32) of the received time, in the platform's zone."""
    local = pc.local_timestamp(rows.column("received_at").cast(pa.timestamp("us", ZONE_NAME)))
    return local.cast(pa.date32()).cast(pa.int32())


def _read(verdicts: pa.Table) -> pa.Table:
    grouped = verdicts.group_by(["topic", "partition"], use_threads=False).aggregate(
        [
            ("offset", "min"),
            ("offset", "max"),
            ([], "count_all"),
            ("received_at", "min"),
            ("received_at", "max"),
        ]
    )
    return grouped.rename_columns(["topic", "partition", "first", "last", "events", "oldest", "newest"])


def _fresh(own: pa.Table, source: str) -> pa.Table:
    received_at = pc.max(own.column("received_at"))
    event_at = min(pc.max(own.column("event_at")).as_py(), received_at.as_py())
    columns = [[source], pa.array([event_at], received_at.type), pa.array([received_at])]
    return pa.table(columns, ["source", "event_at", "received_at"])


def _places(own: pa.Table, received: pa.ChunkedArray, source: str) -> pa.Table:
    rows = pa.table({"received_day": received, "place": own.column("place")})
    counted = rows.group_by(["received_day", "place"], use_threads=False).aggregate([([], "count_all")])
    named = counted.rename_columns(["received_day", "place", "events"])
    return named.append_column("source", pa.repeat(pa.scalar(source), named.num_rows))


def _versions(verdicts: pa.Table) -> pa.Table:
    rows = verdicts.filter(pc.is_valid(verdicts.column("made_under")))
    named = pa.table(
        {"source": rows["source"], "received_day": received_day(rows), "version": rows["made_under"]}
    )
    counted = named.group_by(named.column_names, use_threads=False).aggregate([([], "count_all")])
    return counted.rename_columns([*named.column_names, "events"])


def _positions(accepted: pa.Table) -> pa.ChunkedArray:
    return positions(accepted.column("partition"), accepted.column("offset"))
