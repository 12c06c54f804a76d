"""Objects and lists that stand in the cells of a sample -> columns of what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from streams.authoring.sample import Sample, sample_of
from streams.importer.tables import Row

MOST = 0.95
"""Share of the filled cells that must be JSON for a table's column to be taken for it."""

MOST_ITEMS_READ = 300_000
"""More tell nothing new."""


@dataclass(frozen=True)
class Items:
    """What stands in a column of lists. items: a row for each object, under the line of its list.

    lengths: how many items each list has. plain: items that are no objects.
    """

    items: Sample
    lengths: Sequence[int]
    plain: int


def with_objects(sample: Sample) -> Sample:
    """The sample of a table (CSV, XLSX) with a column for each key of the objects that stand as JSON text.

    JSON lines come so already.
    """
    if sample.kinds:
        return sample
    for heading in sample.headings:
        if _is_json(sample.rows.column(sample.column(heading)), "{"):
            sample = _expanded(sample, heading)
    return sample


def items_of(sample: Sample, heading: str) -> Items | None:
    """What stands in the lists under a heading; None where its cells are no lists, or all are empty."""
    cells = sample.rows.column(sample.column(heading))
    if not _is_json(cells, "["):
        return None
    lengths: list[int] = []
    rows: list[Row] = []
    plain = 0
    for line, cell in zip(sample.rows.column("line").to_pylist(), cells.to_pylist(), strict=True):
        found = _parsed(cell)
        if not isinstance(found, list):
            continue
        lengths.append(len(found))
        rows += [Row(line, item) for item in found if isinstance(item, dict)]
        plain += sum(not isinstance(item, dict) for item in found)
        if len(rows) > MOST_ITEMS_READ:
            break
    made = sample_of(f"{sample.name}, {heading}", rows, is_events=sample.is_events)
    return Items(made, lengths, plain)


def _is_json(cells: pa.ChunkedArray, opening: str) -> bool:
    filled = len(cells) - cells.null_count
    return filled > 0 and bool(pc.sum(pc.starts_with(cells, opening)).as_py() >= MOST * filled)


def _parsed(cell: str | None) -> Any:
    try:
        return None if cell is None else orjson.loads(cell)
    except orjson.JSONDecodeError:
        return None


def _expanded(sample: Sample, heading: str) -> Sample:
    """The sample with columns of the keys, at the end, in the place of the column with the objects."""
    column = sample.column(heading)
    objects = [_parsed(cell) for cell in sample.rows.column(column).to_pylist()]
    rows = (
        Row(place, {heading: each} if isinstance(each, dict) else {}) for place, each in enumerate(objects)
    )
    inner = sample_of(heading, rows)
    if not inner.headings:
        return sample
    kept = [name for name in sample.rows.column_names if name not in {"line", column}]
    columns = [sample.rows.column(name) for name in ("line", *kept)]
    columns += [inner.rows.column(f"c{place}") for place in range(len(inner.headings))]
    return replace(
        sample,
        headings=(*_without(sample.headings, heading), *inner.headings),
        rows=pa.table(columns, ["line", *(f"c{place}" for place in range(len(columns) - 1))]),
        kinds={**sample.kinds, **inner.kinds},
        marks={**sample.marks, **inner.marks},
    )


def _without(headings: Iterable[str], one: str) -> Iterator[str]:
    return (heading for heading in headings if heading != one)
