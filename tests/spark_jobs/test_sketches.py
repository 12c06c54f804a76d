"""Sketches of live numbers: what comes again counts once, and batches merge to the whole."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from spark_jobs.sketches import SCHEMA, Union, sketch
from streams.contract.tables import metric_tables
from tests.core_sources import as_written

TABLE = next(table for table in metric_tables(as_written()["canteen_meal"]) if table.distinct)
FIELDS = dict.fromkeys(TABLE.distinct, "elder")
COLUMNS = {"division": "division", "meal": "s0", "elder": "s1"}

Meal = tuple[int, str, str, str | None]
meals = st.lists(
    st.tuples(
        st.integers(20_500, 20_501),
        st.sampled_from(["330302", "330303"]),
        st.sampled_from(["lunch", "dinner"]),
        st.one_of(st.none(), st.integers(0, 30).map("tk_{:032x}".format)),
    )
)


def made(rows: Sequence[Meal]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    types = (pa.int32(), pa.string(), pa.string(), pa.string())
    arrays = [pa.array(values, each) for values, each in zip(columns, types, strict=True)]
    return sketch(pa.table(arrays, ["event_day", "division", "s0", "s1"]), TABLE, FIELDS, COLUMNS)


def estimates(*tables: pa.Table) -> dict[tuple[int, str], int]:
    unions: dict[tuple[int, str], Union] = {}
    for row in pa.concat_tables(tables).to_pylist():
        unions.setdefault((row["event_day"], row["dimensions"]), Union()).add(row["sketch"])
    return {key: union.result()[1] for key, union in unions.items()}


def counted(rows: Sequence[Meal]) -> dict[tuple[int, str], int]:
    """Plainly; under a few dozen values a sketch is exact."""
    groups: dict[tuple[int, str], set[str]] = {}
    for day, division, meal, elder in rows:
        if elder is not None:
            key = day, json.dumps({"division": division, "meal": meal})
            groups.setdefault(key, set()).add(elder)
    return {key: len(elders) for key, elders in groups.items()}


@given(meals, meals)
def test_who_comes_again_counts_once_within_a_batch_and_across_batches(
    first: list[Meal], second: list[Meal]
) -> None:
    assert made(first).schema == SCHEMA
    assert estimates(made(first)) == counted(first)
    assert estimates(made(first), made([*second, *second])) == counted([*first, *second])
