"""Second pass of a batch, in the workers: accepted rows, without those claimed before, are aggregated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spark_jobs import sketches
from spark_jobs.aggregates import aggregate
from spark_jobs.blobs import pack, unpack
from spark_jobs.settled import settled
from streams.contract.tables import MetricTable

TALLY, SPAN, SKETCH, LIVE, STEPS = "tally", "span", "sketch", "live:", "steps"
CONFLICTS = "conflicts"
ACCEPTED, DUPLICATE, CONFLICT, QUARANTINED = OUTCOMES = ("accepted", "duplicate", "conflict", "quarantined")
STEP_COLUMNS = ("position", "event_at", "received_at", "division", "place")
"""What a step of a case is kept with, beside the case and the step themselves."""


@dataclass(frozen=True)
class Counted:
    """How the rows of one source are counted: its tables, and where each field stands."""

    source: str
    tables: tuple[MetricTable, ...]
    columns: Mapping[str, str]
    distinct: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """table name -> distinct measure -> field"""
    steps: tuple[str, str] | None = None
    """The columns of the case and of its step, where the source has a life cycle."""


@dataclass(frozen=True)
class Exclusions:
    """Positions of one source that do not count, ascending, and their places in OUTCOMES."""

    positions: NDArray[np.int64]
    outcomes: NDArray[np.int8]

    @property
    def conflict(self) -> NDArray[np.bool_]:
        """Which of them are conflicts."""
        return np.equal(self.outcomes, OUTCOMES.index(CONFLICT))

    def with_quarantined(self, positions: NDArray[np.int64]) -> Exclusions:
        """These and others, which are quarantined."""
        every = np.concatenate((self.positions, positions))
        outcomes = np.full(len(every), OUTCOMES.index(QUARANTINED), np.int8)
        outcomes[: len(self.outcomes)] = self.outcomes
        order = np.argsort(every, kind="stable")
        return Exclusions(every[order], outcomes[order])


NONE = Exclusions(np.zeros(0, np.int64), np.zeros(0, np.int8))


@dataclass(frozen=True)
class Counting:
    """For `mapInArrow`: blobs of accepted rows -> blobs of aggregates. Keys are numbers of sources."""

    sources: Mapping[int, Counted]
    excluded: Mapping[int, Exclusions]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return settled(self.counted(batches), "counting")

    def counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same in whatever process."""
        by_source: defaultdict[int, list[pa.Table]] = defaultdict(list)
        for batch in batches:
            for _, table in unpack(batch):
                by_source[table.column("number")[0].as_py()].append(table)
        for number, tables in by_source.items():
            rows = pa.concat_tables(tables)
            yield pack(count(rows, self.sources[number], self.excluded.get(number)))


def count(rows: pa.Table, source: Counted, excluded: Exclusions | None) -> Iterator[tuple[str, pa.Table]]:
    """Aggregates of one source's rows, by kind.

    rows: position, received_day, received_at, event_day, minute, slots; STEP_COLUMNS too where there is a
    life cycle. conflicts: source, position, received_at of those that are excluded as conflicts.
    tally: source, received_day, outcome, events; not of the quarantined, which are counted where they are
    kept. span: source, event_day, received_day, events. sketch: spark_jobs.sketches.SCHEMA.
    live:<table>: minute, dimensions, columns of that table. steps: source, case_id, step, STEP_COLUMNS.
    """
    outcomes = _outcomes(rows, excluded)
    told = rows.append_column("outcome", outcomes)
    if excluded is not None:
        told = told.filter(pc.not_equal(outcomes, QUARANTINED))
        rows = rows.filter(pc.equal(outcomes, ACCEPTED))
        if excluded.conflict.any():
            twice = told.filter(pc.equal(told.column("outcome"), CONFLICT)).select(
                ["position", "received_at"]
            )
            yield (
                CONFLICTS,
                twice.append_column("source", pa.repeat(pa.scalar(source.source), twice.num_rows)),
            )
    if told.num_rows:
        yield TALLY, _counted(told, ["received_day", "outcome"], source.source)
    if not rows.num_rows:
        return
    yield SPAN, _counted(rows, ["event_day", "received_day"], source.source)
    for table in source.tables:
        yield f"{LIVE}{table.name}", aggregate(rows, table, source.columns, "minute")
        if table.distinct:
            yield SKETCH, sketches.sketch(rows, table, source.distinct[table.name], source.columns)
    if source.steps is not None:
        steps = rows.select([*source.steps, *STEP_COLUMNS]).rename_columns(["case_id", "step", *STEP_COLUMNS])
        yield STEPS, steps.append_column("source", pa.repeat(pa.scalar(source.source), steps.num_rows))


def _outcomes(rows: pa.Table, excluded: Exclusions | None) -> pa.Array:
    outcome = np.zeros(rows.num_rows, np.int8)
    if excluded is not None and len(excluded.positions):
        positions = rows.column("position").to_numpy()
        at = np.minimum(np.searchsorted(excluded.positions, positions), len(excluded.positions) - 1)
        hit = excluded.positions[at] == positions
        outcome[hit] = excluded.outcomes[at[hit]]
    return pc.take(pa.array(OUTCOMES), pa.array(outcome))


def _counted(rows: pa.Table, keys: list[str], source: str) -> pa.Table:
    grouped = rows.group_by(keys, use_threads=False).aggregate([([], "count_all")])
    counted = grouped.rename_columns([*keys, "events"])
    return counted.append_column("source", pa.array([source] * counted.num_rows, pa.string()))
