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
from streams.contract.tables import MetricTable

TALLY, SPAN, SKETCH, LIVE = "tally", "span", "sketch", "live:"
ACCEPTED, DUPLICATE, CONFLICT = "accepted", "duplicate", "conflict"


@dataclass(frozen=True)
class Counted:
    """How the rows of one source are counted: its tables, and where each field stands."""

    source: str
    tables: tuple[MetricTable, ...]
    columns: Mapping[str, str]
    distinct: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """table name -> distinct measure -> field"""


@dataclass(frozen=True)
class Exclusions:
    """Positions of one source that do not count, ascending, and which of them are conflicts."""

    positions: NDArray[np.int64]
    conflict: NDArray[np.bool_]


@dataclass(frozen=True)
class Counting:
    """For `mapInArrow`: blobs of accepted rows -> blobs of aggregates. Keys are numbers of sources."""

    sources: Mapping[int, Counted]
    excluded: Mapping[int, Exclusions]

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        by_source: defaultdict[int, list[pa.Table]] = defaultdict(list)
        for batch in batches:
            for _, table in unpack(batch):
                by_source[table.column("number")[0].as_py()].append(table)
        for number, tables in by_source.items():
            rows = pa.concat_tables(tables)
            yield pack(count(rows, self.sources[number], self.excluded.get(number)))


def count(rows: pa.Table, source: Counted, excluded: Exclusions | None) -> Iterator[tuple[str, pa.Table]]:
    """Aggregates of one source's rows, by kind.

    rows: position, received_day, event_day, minute, slots.
    tally: source, received_day, outcome, events. span: source, event_day, received_day, events.
    sketch: spark_jobs.sketches.SCHEMA. live:<table>: minute, dimensions, columns of that table.
    """
    outcomes = _outcomes(rows, excluded)
    yield TALLY, _counted(rows.append_column("outcome", outcomes), ["received_day", "outcome"], source.source)
    if excluded is not None:
        rows = rows.filter(pc.equal(outcomes, ACCEPTED))
    if not rows.num_rows:
        return
    yield SPAN, _counted(rows, ["event_day", "received_day"], source.source)
    for table in source.tables:
        yield f"{LIVE}{table.name}", aggregate(rows, table, source.columns, "minute")
        if table.distinct:
            yield SKETCH, sketches.sketch(rows, table, source.distinct[table.name], source.columns)


def _outcomes(rows: pa.Table, excluded: Exclusions | None) -> pa.Array:
    names = pa.array([ACCEPTED, DUPLICATE, CONFLICT])
    outcome = np.zeros(rows.num_rows, np.int8)
    if excluded is not None and len(excluded.positions):
        positions = rows.column("position").to_numpy()
        at = np.minimum(np.searchsorted(excluded.positions, positions), len(excluded.positions) - 1)
        hit = excluded.positions[at] == positions
        outcome[hit] = 1 + excluded.conflict[at[hit]]
    return pc.take(names, pa.array(outcome))


def _counted(rows: pa.Table, keys: list[str], source: str) -> pa.Table:
    grouped = rows.group_by(keys, use_threads=False).aggregate([([], "count_all")])
    counted = grouped.rename_columns([*keys, "events"])
    return counted.append_column("source", pa.array([source] * counted.num_rows, pa.string()))
