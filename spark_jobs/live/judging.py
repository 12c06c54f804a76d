"""First pass of a batch, in the workers: records of Kafka become verdicts, and those become blobs."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.blobs import pack
from streams.judge.judge import Judge
from streams.zone import ZONE_NAME

READ, FRESH, REFUSED, CLAIMS, ROWS, REJECTED = "read", "fresh", "refused", "claims", "rows", "rejected"
POSITION_BITS = 40
"""A position is partition << 40 | offset: unique within a topic, and one number."""

_REJECTED_COLUMNS = (
    "source", "topic", "partition", "offset", "received_at", "event_id", "event_at", "division", "place",
    "reasons", "excerpt",
)  # fmt: skip
_KEPT = ("partition", "offset", "received_at", "event_at", "event_day", "minute", "claim_id", "content")
REJECTED_ROWS = 2_000
"""Rows in one blob of rejected events: at 2,000 characters of excerpt each, 4 to 12 MB."""


@dataclass(frozen=True)
class Judging:
    """For `mapInArrow`: batches of Kafka records -> blobs (spark_jobs.blobs.BLOBS).

    judge: pickled Judge. revision: names it, so that a worker unpickles it once. numbers: source -> number.
    """

    revision: str
    judge: bytes
    numbers: Mapping[str, int]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge = _unpickled(self.revision, self.judge)
        for batch in batches:
            if batch.num_rows:
                verdicts = judge.judge(batch)
                yield pack(parts(verdicts, self.numbers, judge.slots))


@lru_cache(maxsize=2)
def _unpickled(revision: str, judge: bytes) -> Judge:
    del revision  # only names the judge in the cache's key, together with its bytes
    unpickled: Judge = pickle.loads(judge)  # noqa: S301 (made by the driver of this very job)
    return unpickled


def parts(
    verdicts: pa.Table, numbers: Mapping[str, int], slots: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, pa.Table]]:
    """What the batch needs of the verdicts, by kind.

    read: topic, partition, first, last offset, events, oldest, newest received time.
    refused: source, received_day, events. rejected: the quarantine's rows, in pieces.
    fresh: source, last event time (never later than it was received), last received time.
    claims: number, position, event_day, claim_id, content.
    rows: number, position, received_day, event_day, minute and the slots of one source.
    """
    yield READ, _read(verdicts)
    accepted = verdicts.column("accepted")
    if not pc.all(accepted).as_py():
        yield from _refused(verdicts.select(_REJECTED_COLUMNS).filter(pc.invert(accepted)))
    for source in pc.unique(verdicts.column("source")).to_pylist():
        if source in slots:
            used = sorted(set(slots[source].values()))
            own = verdicts.select(list(dict.fromkeys([*_KEPT, *used])))
            own = _where(own, pc.and_(accepted, pc.equal(verdicts.column("source"), source)))
            if own.num_rows:
                yield from _accepted(own, source, numbers[source], used)


def _refused(rejected: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    days = rejected.append_column("received_day", received_day(rejected))
    counted = days.group_by(["source", "received_day"]).aggregate([([], "count_all")])
    yield REFUSED, counted.rename_columns(["source", "received_day", "events"])
    for start in range(0, rejected.num_rows, REJECTED_ROWS):
        yield REJECTED, rejected.slice(start, REJECTED_ROWS)


def _accepted(own: pa.Table, source: str, number: int, used: list[str]) -> Iterator[tuple[str, pa.Table]]:
    yield FRESH, _fresh(own, source)
    number_column = pa.repeat(pa.scalar(number, pa.int16()), own.num_rows)
    keys = [number_column, _positions(own)]
    names = ["event_day", "claim_id", "content"]
    yield CLAIMS, pa.table([*keys, *own.select(names)], ["number", "position", *names])
    names = ["event_day", "minute", *used]
    rows = [*keys, received_day(own), *own.select(names)]
    yield ROWS, pa.table(rows, ["number", "position", "received_day", *names])


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


def _positions(accepted: pa.Table) -> pa.ChunkedArray:
    partition = accepted.column("partition").cast(pa.int64())
    return pc.add(pc.shift_left(partition, POSITION_BITS), accepted.column("offset"))
