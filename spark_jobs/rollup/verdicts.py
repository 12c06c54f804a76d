"""Rows of the lake, judged: the same function that judges live, in the same Arrow batches.

Columns of the platform begin with an underscore here, which no field of a contract can: the fields that
metrics use stand beside them under their own names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.records import JUDGED_VALUE
from spark_jobs.rollup.uniqueness import column
from streams.judge.judge import Judge
from streams.zone import ZONE_NAME

PLATFORM = {
    "_partition": ("partition", pa.int32(), "int"),
    "_offset": ("offset", pa.int64(), "bigint"),
    "_received": ("received_at", pa.timestamp("us", "UTC"), "timestamp"),
    "_accepted": ("accepted", pa.bool_(), "boolean"),
    "_claim": ("claim_id", pa.binary(), "binary"),
    "_content": ("content", pa.int64(), "bigint"),
    "_day": ("event_day", pa.int32(), "int"),
}
SPARK_TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.float64(): "double"}


def judged(rows: DataFrame, judge: Judge, source: str, day: int) -> DataFrame:
    """One row for each of `rows` (topic, partition, offset, received_at, value), judged by the source's
    contract.

    Gives `_partition`, `_offset`, `_received`, `_accepted`, `_claim` binary, `_content`, `_day` (event day as
    days since 1970-01-01; the received day where no event time could be read), `_row` (unique), `_value` (the
    event's JSON; null unless accepted and of `day`), each field that a metric uses, and the keys of its rules
    of uniqueness.
    """
    fields = {name: (slot, judge.schema.field(slot).type) for name, slot in judge.slots[source].items()}
    described = [f"{name} {spark}" for name, (_, _, spark) in PLATFORM.items()]
    described += [f"`{name}` {SPARK_TYPES[kind]}" for name, (_, kind) in fields.items()]
    described += [f"{column(rule)} binary" for rule in judge.unique[source]]
    fields |= {column(rule): (rule.column, pa.binary()) for rule in judge.unique[source]}
    schema = ", ".join([*described, "_value string"])
    whole = rows.withColumn("value", F.expr(JUDGED_VALUE))
    verdicts = whole.mapInArrow(_judging(judge, fields, day), schema)
    # The archive's own way to say on which day a record was received; the session's times are UTC.
    received_day = F.unix_date(F.to_date(F.from_utc_timestamp("_received", ZONE_NAME)))
    return verdicts.withColumns(
        {"_day": F.coalesce("_day", received_day), "_row": F.monotonically_increasing_id()}
    )


def _judging(
    judge: Judge, fields: Mapping[str, tuple[str, pa.DataType]], day: int
) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    columns = [(name, column, kind) for name, (column, kind, _) in PLATFORM.items()]
    columns += [(name, slot, kind) for name, (slot, kind) in fields.items()]

    def batches(iterator: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in iterator:
            if batch.num_rows == 0:
                continue
            verdict = judge.judge(batch)
            counts = pc.and_(verdict["accepted"], pc.equal(verdict["event_day"], day))
            value = pa.chunked_array([batch.column("value")])
            arrays = {name: verdict[column].cast(kind) for name, column, kind in columns}
            arrays["_value"] = pc.if_else(counts, value, None).cast(pa.string())
            yield from pa.table(arrays).to_batches()

    return batches
