"""Distinct counts that can be merged: HyperLogLog sketches of Apache DataSketches.

Sketches are made for the finest groups only; coarser ones are unions of them. The bytes are those of Spark's
`hll_sketch_agg(column, 12)`, so that either can read and merge what the other wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import combinations

import pyarrow as pa
from datasketches import hll_sketch, hll_union, tgt_hll_type

from streams.contract.tables import MetricTable

LG_K = 12
"""4,096 registers: a relative standard error of 1.04 / sqrt(4096) = 1.6 % (datasketches.apache.org, HLL)."""

SCHEMA = pa.schema(
    [
        ("table", pa.string()),
        ("measure", pa.string()),
        ("event_day", pa.int32()),
        ("dimensions", pa.string()),
        ("sketch", pa.binary()),
    ]
)


def sketch(
    rows: pa.Table, table: MetricTable, fields: Mapping[str, str], columns: Mapping[str, str]
) -> pa.Table:
    """SCHEMA: a sketch for each distinct measure, event day and combination of all dimensions.

    rows: accepted events of one source: event_day (int32) and the columns of `columns` (field -> column).
    fields: distinct measure -> field. `dimensions` is a JSON object, dimension -> value.
    """
    names = [columns[dimension] for dimension in table.dimensions]
    found: list[dict[str, object]] = []
    for measure in table.distinct:
        value = columns[fields[measure]]
        keys = ["event_day", *dict.fromkeys(names)]
        plain = rows.select(list(dict.fromkeys([*keys, value]))).filter(rows.column(value).is_valid())
        # A value that comes again changes nothing: to leave it out costs more than to add it.
        grouped = plain.append_column("_value", plain.column(value)).group_by(keys, use_threads=False)
        for group in grouped.aggregate([("_value", "list")]).to_pylist():
            found.append(
                {
                    "table": table.name,
                    "measure": measure,
                    "event_day": group["event_day"],
                    "dimensions": json.dumps(
                        {d: group[n] for d, n in zip(table.dimensions, names, strict=True)},
                        ensure_ascii=False,
                    ),
                    "sketch": _sketch_of(group["_value_list"]),
                }
            )
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _sketch_of(values: list[str | int | float]) -> bytes:
    made = hll_sketch(LG_K, tgt_hll_type.HLL_8)
    update = made.update
    for value in values:
        update(value)
    return bytes(made.serialize_compact())


class Union:
    """Sketches of one group, merged."""

    def __init__(self) -> None:
        self._union = hll_union(LG_K)

    def add(self, data: bytes) -> None:
        self._union.update(hll_sketch.deserialize(data))

    def result(self) -> tuple[bytes, int]:
        """The merged sketch, in its smallest form, and its estimate."""
        merged = self._union.get_result(tgt_hll_type.HLL_4)
        return bytes(merged.serialize_compact()), round(merged.get_estimate())


def subsets(dimensions: Mapping[str, str | None]) -> Iterator[dict[str, str | None]]:
    """Every subset of the dimensions with their values, from none to all: 2^n of them."""
    items = list(dimensions.items())
    for size in range(len(items) + 1):
        yield from (dict(chosen) for chosen in combinations(items, size))
