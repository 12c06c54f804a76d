"""What the first pass of a batch gives: small blobs to the driver, large ones to the workers' cache.

Of few events the rows come to the driver too, which counts them: at the city's pace a batch is one job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.storagelevel import StorageLevel

from spark_jobs.blobs import BLOBS, gather, unpack
from spark_jobs.live.breaking import Breaking
from spark_jobs.live.counting import Counting, Exclusions
from spark_jobs.live.judging import (
    CLAIMS,
    FEW_REJECTED,
    FEW_ROWS,
    LARGE,
    REFUSED,
    REJECTED,
    ROWS,
    VALUES,
)
from spark_jobs.live.plan import Plan
from spark_jobs.live.uniqueness import Broken
from spark_jobs.session import ARROW_ROWS

POOL = "live"
FEW_EVENTS = 2 * ARROW_ROWS
"""Of a batch, shared by its tasks. Another job of Spark over so few takes longer than the driver needs to
count them while the next batch is judged."""
FEW_REJECTED_EVENTS = 500
"""In a blob of one Arrow batch: some MiB with their excerpts. Fetching them from the workers takes a job of
Spark for each task."""

_NOTHING = pa.table({})
_SMALL = f"kind not in ({', '.join(map(repr, sorted(LARGE)))})"


class Judged:
    """A batch of Kafka records, judged. `small`: tables by kind, of all that is small."""

    def __init__(self, records: DataFrame, plan: Plan) -> None:
        self._plan = plan
        tasks = records.sparkSession.sparkContext.defaultParallelism
        # A full Arrow batch has others behind it: those of a burst stay with the workers.
        few_events = min(FEW_EVENTS // tasks, ARROW_ROWS - 1)
        judging = replace(plan.judging, few_events=few_events, few_rejected=FEW_REJECTED_EVENTS)
        self._blobs = records.mapInArrow(judging, BLOBS).persist(StorageLevel.MEMORY_AND_DISK)
        collected = self._blobs.where(_SMALL).toArrow()
        is_few = pc.equal(collected.column("kind"), FEW_ROWS)
        self._few = collected.filter(is_few)
        self.small: Mapping[str, pa.Table] = gather(collected.filter(pc.invert(is_few)))

    def count(self, excluded: Mapping[int, Exclusions]) -> Mapping[str, pa.Table]:
        """Aggregates of the accepted rows by kind (counting.count), without those that are excluded."""
        counting = Counting(self._plan.counted, excluded)
        counted = [pa.Table.from_batches(counting.counted(self._few.to_batches()), self._few.schema)]
        if sum(table.num_rows for _, table in unpack(self._few)) < self.small[CLAIMS].num_rows:
            counted.append(self._kept(ROWS).mapInArrow(counting, BLOBS).toArrow())
        return gather(pa.concat_tables(counted))

    def rejected(self) -> Iterator[pa.Table]:
        """The quarantine's rows (judging.REJECTED_COLUMNS)."""
        few = self.small.get(FEW_REJECTED, _NOTHING)
        if few.num_rows:
            yield few
        if few.num_rows < pc.sum(self.small[REFUSED].column("events")).as_py():
            yield from _piece_by_piece(self._kept(REJECTED))

    def broken(self, broken: Mapping[int, Broken]) -> Iterator[pa.Table]:
        """The quarantine's rows of events that break a rule across events."""
        topics = {number: topic for number, (_, topic) in self._plan.sources.items()}
        breaking = Breaking(self._plan.judging, topics, broken)
        return _piece_by_piece(self._kept(VALUES).mapInArrow(breaking, BLOBS))

    def release(self) -> None:
        """Let the workers forget it."""
        self._blobs.unpersist()

    def _kept(self, kind: str) -> DataFrame:
        self._blobs.sparkSession.sparkContext.setLocalProperty("spark.scheduler.pool", POOL)
        return self._blobs.where(f"kind = '{kind}'")


def _piece_by_piece(blobs: DataFrame) -> Iterator[pa.Table]:
    """Blob by blob: a burst of poison passes through the driver in pieces."""
    for row in blobs.toLocalIterator():
        payload = pa.table({"kind": [row.kind], "payload": pa.array([bytes(row.payload)], pa.binary())})
        yield from (table for _, table in unpack(payload))
