"""From the lake to a day: reads, judges, dedups and totals in Spark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup import totals
from spark_jobs.rollup.archive import Archived
from spark_jobs.rollup.comparison import Frames
from spark_jobs.rollup.day import Counts, Day, DistinctCount
from spark_jobs.rollup.differences import Findings
from spark_jobs.rollup.fields import events, read_again
from spark_jobs.rollup.repeats import CONFLICT, DUPLICATE, counted, repeats
from spark_jobs.rollup.uniqueness import Taken, nothing, with_broken
from spark_jobs.rollup.verdicts import judged
from streams import days
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables
from streams.judge.judge import Judge
from streams.judge.uniqueness import CODE

KEPT = StorageLevel.MEMORY_AND_DISK


@dataclass(frozen=True)
class Built:
    """A day, its events as Spark reads them (see `fields.events`) for the gate to ask, how live has counted
    them where that was asked for, and their records (see `verdicts.judged`)."""

    day: Day
    events: DataFrame
    findings: Findings | None = None
    counted: DataFrame | None = None


@contextmanager
def built(
    rows: DataFrame,
    contract: Contract,
    topic_prefix: str,
    day: date,
    archived: Archived,
    *,
    look: Callable[[Frames, int], Findings] | None = None,
    taken: Taken = nothing,
) -> Iterator[Built]:
    """Roll up `day` from `rows` of the lake (see `reading.rows_of`). `look`: see `comparison.Comparison`;
    `taken`: what events of other days have claimed by rules across events.

    What Spark keeps for the gate is given back when the block ends.
    """
    judge = Judge({contract.source: contract}, topic_prefix)
    number = days.number(day)
    verdicts = read_again(judged(rows, judge, contract.source, number), contract).persist(KEPT)
    accepted = verdicts.where("_accepted")
    repeated = repeats(accepted).persist(KEPT)
    again = with_broken(repeated, counted(accepted, repeated, number), judge.unique[contract.source], taken)
    seen = counted(accepted, again, number)
    try:
        counts = _outcomes(verdicts, again, number)
        findings = look(Frames(verdicts, again, seen), counts.duplicate + counts.conflict) if look else None
        tables = metric_tables(contract)
        metrics = {table.metric: _sorted(totals.additive(seen, table).toArrow(), table) for table in tables}
        distinct = sorted(
            (count for table in tables for count in _distinct(seen, contract, table)),
            key=lambda count: (count.metric, count.measure, count.key),
        )
        yield Built(
            Day(
                contract=contract,
                day=day,
                counts=counts,
                metrics=metrics,
                distinct=tuple(distinct),
                position=archived.position,
                provisional=not archived.complete,
            ),
            events(seen, contract),
            findings,
            seen,
        )
    finally:
        for frame in (repeated, verdicts):
            frame.unpersist()


def _sorted(table: pa.Table, metric: MetricTable) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in metric.dimensions]) if metric.dimensions else table


def _distinct(counts: DataFrame, contract: Contract, table: MetricTable) -> Iterator[DistinctCount]:
    for measure in table.distinct:
        field = contract.metrics[table.metric].measures[measure].field
        assert field is not None  # noqa: S101 (the loader refuses a distinct of nothing)
        for row in totals.distinct(counts, table.dimensions, field).toArrow().to_pylist():
            subset = totals.subset_of(table.dimensions, row["grouping"])
            dimensions = {name: row[name] for name in subset}
            yield DistinctCount(table.metric, measure, dimensions, row["value"])


def _outcomes(verdicts: DataFrame, again: DataFrame, number: int) -> Counts:
    """In two passes over what is kept: what is told again is part of what was accepted."""
    of_the_day = F.col("_day") == number
    told: dict[str, int] = dict(again.where(of_the_day).groupBy("outcome").count().collect())
    record = F.struct("_received", "_partition", "_offset")
    found = verdicts.where(of_the_day).agg(
        F.count_if("_accepted").alias("accepted"),
        F.count_distinct(F.when(~F.col("_accepted"), record)).alias("rejected"),
    )
    ((accepted, rejected),) = found.collect()
    return Counts(
        accepted=accepted - sum(told.values()),
        quarantined=rejected + sum(n for key, n in told.items() if key.startswith(CODE)),
        duplicate=told.get(DUPLICATE, 0),
        conflict=told.get(CONFLICT, 0),
    )
