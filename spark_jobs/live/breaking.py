"""Third pass of a batch, where needed: events that break a rule across events, as the quarantine has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from spark_jobs.blobs import pack, unpack
from spark_jobs.live.judging import REJECTED, REJECTED_COLUMNS, REJECTED_ROWS, Judging, unpickled
from spark_jobs.live.position import offset_of, partition_of
from spark_jobs.live.uniqueness import Broken
from streams.judge.mask import mask
from streams.judge.schema import INPUT, REASON_LIST
from streams.judge.verdicts import excerpt


@dataclass(frozen=True)
class Breaking:
    """For `mapInArrow`: blobs of values -> blobs of rejected events.

    topics: number of the source -> its topic. Events were accepted in the first pass, which keeps nothing to
    show of those; the few that are rejected after all are judged once more.
    """

    judging: Judging
    topics: Mapping[int, str]
    broken: Mapping[int, Broken]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        judge = unpickled(self.judging.revision, self.judging.judge)
        for batch in batches:
            for _, table in unpack(batch):
                number = table.column("number")[0].as_py()
                if number in self.broken:
                    rows, reasons = chosen(table, self.topics[number], self.broken[number])
                    if rows.num_rows:
                        verdicts = judge.judge(rows)
                        yield pack(_pieces(rejected(verdicts, rows.column("value"), reasons)))


def chosen(table: pa.Table, topic: str, broken: Broken) -> tuple[pa.Table, pa.Array]:
    """The records in question, as the judge takes them, and the reason of each.

    table: position, received_at, value.
    """
    at = pc.index_in(table.column("position"), value_set=pa.array(broken.positions))
    own = table.append_column("at", at).filter(at.is_valid())
    places = own.column("position").to_pylist()
    columns = {
        "topic": pa.repeat(pa.scalar(topic), len(places)),
        "partition": pa.array(map(partition_of, places), pa.int32()),
        "offset": pa.array(map(offset_of, places), pa.int64()),
        "received_at": own.column("received_at"),
        "value": own.column("value"),
    }
    reasons = [
        [{"code": broken.codes[index], "field": None, "detail": broken.details[index]}]
        for index in own.column("at").to_pylist()
    ]
    return pa.table(columns).cast(INPUT), pa.array(reasons, REASON_LIST)


def rejected(verdicts: pa.Table, values: pa.ChunkedArray, reasons: pa.Array) -> pa.Table:
    """REJECTED_COLUMNS of events that the judge accepts and that a rule across events rejects."""
    columns = {name: verdicts.column(name) for name in REJECTED_COLUMNS}
    columns["event_id"] = pa.array(map(mask, verdicts.column("event_id").to_pylist()), pa.string())
    columns["excerpt"] = pa.array(map(excerpt, values.to_pylist()), pa.string())
    columns["reasons"] = reasons
    return pa.table(columns)


def _pieces(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    for start in range(0, rows.num_rows, REJECTED_ROWS):
        yield REJECTED, rows.slice(start, REJECTED_ROWS)
