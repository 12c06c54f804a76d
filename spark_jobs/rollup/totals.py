"""Measures of a metric over the events of a day: what live adds up batch by batch, in one go."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from streams.contract import tables


def additive(rows: DataFrame, table: tables.MetricTable) -> DataFrame:
    """The additive measures of a metric, grouped by its dimensions.

    `rows` has the fields of the metric; the result the dimensions as strings, and `table.columns` as bigint.
    A null dimension is a group of its own; the sum of nulls is 0, their min and max null. Without events
    there is no group.
    """
    dimensions = [F.col(name).cast("string").alias(name) for name in table.dimensions]
    measures = [measure(column).alias(column.name) for column in table.columns]
    if not measures:
        return rows.select(*dimensions).distinct()
    grouped = rows.groupBy(*dimensions).agg(*measures, F.count(F.lit(1)).alias("_events"))
    return grouped.where("_events > 0").drop("_events")


def measure(column: tables.Column) -> Column:
    """The aggregate of one column of a metric's table, as bigint."""
    match column.aggregate:
        case "count":
            value = F.count(F.lit(1)) if column.field is None else F.count(column.field)
        case "sum":
            value = F.coalesce(F.sum(column.field or ""), F.lit(0))
        case "min":
            value = F.min(column.field or "")
        case "max":
            value = F.max(column.field or "")
    return value.cast("bigint")


def distinct(rows: DataFrame, dimensions: Sequence[str], field: str) -> DataFrame:
    """Exactly how many different values `field` has, for every subset of the dimensions.

    Gives the dimensions as strings, `grouping` (bit set, the last dimension lowest: it is not part of this
    subset) and `value` bigint. Nulls of `field` are not counted; a null dimension is a group of its own, told
    from a dimension that is not part of the subset by `grouping`. Rows are reduced to different ones before
    they are multiplied by the subsets.
    """
    columns = [F.col(name).cast("string").alias(name) for name in dimensions]
    different = rows.select(*columns, F.col(field).alias("_counted")).distinct()
    value = F.count_distinct("_counted").alias("value")
    if not dimensions:
        return different.agg(F.lit(0).alias("grouping"), value)
    return different.cube(*dimensions).agg(F.grouping_id().alias("grouping"), value)


def subset_of(dimensions: Sequence[str], grouping: int) -> tuple[str, ...]:
    """The dimensions that are part of the subset with that `grouping`."""
    last = len(dimensions) - 1
    return tuple(name for place, name in enumerate(dimensions) if not grouping >> (last - place) & 1)
