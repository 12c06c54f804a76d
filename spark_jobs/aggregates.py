"""Measures of accepted events by minute or day. Pure, on Arrow tables; live query and rollup both call it."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from streams.contract.tables import Column, MetricTable

_FUNCTION = {"sum": "sum", "min": "min", "max": "max", "count": "count"}


def aggregate(rows: pa.Table, table: MetricTable, columns: Mapping[str, str], bucket: str) -> pa.Table:
    """One row for each value of `bucket` and of the table's dimensions (null is a value).

    rows: accepted events of one source: `bucket` and the columns that `columns` names (field -> column).
    Gives back `bucket`, the dimensions (string, by their own names) and the table's columns (int64; counts
    and sums are 0 where there is nothing, minima and maxima null).
    """
    keys = [bucket, *(columns[dimension] for dimension in table.dimensions)]
    wanted = [_wanted(column, columns) for column in table.columns]
    unique = list(dict.fromkeys(wanted))
    grouped = rows.group_by(keys, use_threads=False).aggregate([_call(each) for each in unique])
    result = {bucket: grouped.column(bucket)}
    for dimension in table.dimensions:
        result[dimension] = grouped.column(columns[dimension])
    for column, each in zip(table.columns, wanted, strict=True):
        values = grouped.column(_name(each)).cast(pa.int64())
        result[column.name] = values if column.nullable else pc.fill_null(values, 0)
    return pa.table(result)


def _wanted(column: Column, columns: Mapping[str, str]) -> tuple[str | None, str]:
    return (columns[column.field] if column.field else None, column.aggregate)


def _call(wanted: tuple[str | None, str]) -> tuple[str | list[str], str]:
    name, function = wanted
    return (name, _FUNCTION[function]) if name else ([], "count_all")


def _name(wanted: tuple[str | None, str]) -> str:
    name, function = wanted
    return f"{name}_{_FUNCTION[function]}" if name else "count_all"
