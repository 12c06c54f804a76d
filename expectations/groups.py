"""Groups that day rules speak of: a metric's rows added up to fewer dimensions, or events grouped anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import pyarrow as pa
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup import totals
from spark_jobs.rollup.day import Day
from streams.contract.model import Measure
from streams.contract.tables import Column, MetricTable, metric_tables

_ALL = "all__rows"
_MERGED = {"count": "sum", "sum": "sum", "min": "min", "max": "max"}


def table_of(day: Day, metric: str) -> MetricTable:
    """The table of a metric."""
    return next(table for table in metric_tables(day.contract) if table.metric == metric)


def merged(day: Day, table: MetricTable, by: tuple[str, ...]) -> pd.DataFrame:
    """The additive columns of a metric for each group of `by`, some of its dimensions or none (one row)."""
    rows = frame_of(day, table)
    how = {column.name: _MERGED[column.aggregate] for column in table.columns}
    if not how:
        return rows[list(by)].drop_duplicates(ignore_index=True)
    if not by:
        rows, by = rows.assign(**{_ALL: 0}), (_ALL,)
    merged_rows: pd.DataFrame = rows.groupby(list(by), dropna=False, as_index=False, sort=True).agg(how)
    return merged_rows.drop(columns=_ALL, errors="ignore")


def frame_of(day: Day, table: MetricTable) -> pd.DataFrame:
    """A metric's rows as pandas: dimensions as text, columns as nullable whole numbers."""
    return _pandas(day.metrics[table.metric], table.dimensions)


def of_metric(day: Day, metric: str, by: tuple[str, ...]) -> pd.DataFrame:
    """One row for each group of `by`, with every measure of the metric under its own name."""
    table = table_of(day, metric)
    frame = merged(day, table, by)
    for name, measure in day.contract.metrics[metric].measures.items():
        if measure.aggregate == "mean":
            frame[name] = frame[f"{name}__sum"].astype("Float64") / frame[f"{name}__count"].replace(0, pd.NA)
        if measure.aggregate == "distinct":
            frame = _with_distinct(frame, day, metric, name, by)
    return frame


def measured(events: DataFrame, by: tuple[str, ...], measures: Mapping[str, Measure]) -> pd.DataFrame:
    """One row for each group of `by`, with measures taken directly from events."""
    columns = [_of(measure).alias(name) for name, measure in measures.items()]
    grouped = events.groupBy(*_texts(by)).agg(*columns)
    return _pandas(grouped.toArrow(), by)


def of_events(events: DataFrame, by: tuple[str, ...], columns: Mapping[str, Column]) -> pd.DataFrame:
    """One row for each group of `by`, with the aggregate of each column taken directly from events."""
    grouped = events.groupBy(*_texts(by)).agg(
        *(totals.measure(column).alias(name) for name, column in columns.items())
    )
    return _pandas(grouped.toArrow(), by)


def side_by_side(left: pd.DataFrame, right: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """Both frames' figures for each group; 0 where one of them has no such group."""
    both = left.merge(right, how="outer", on=list(by)) if by else left.join(right, how="outer")
    figures = [column for column in both if column not in by]
    return both.assign(**{str(column): both[column].fillna(0).astype("int64") for column in figures})


def _with_distinct(
    frame: pd.DataFrame, day: Day, metric: str, name: str, by: tuple[str, ...]
) -> pd.DataFrame:
    counts = [
        {**each.dimensions, name: each.value}
        for each in day.distinct
        if (each.metric, each.measure) == (metric, name) and set(each.dimensions) == set(by)
    ]
    known = pd.DataFrame(counts, columns=[*by, name]).astype({**dict.fromkeys(by, "string"), name: "Int64"})
    if not by:
        return frame.assign(**{name: known[name].iloc[0] if len(known) else 0})
    return frame.merge(known, how="left", on=list(by))


def _of(measure: Measure) -> SparkColumn:
    field = measure.field or ""
    match measure.aggregate:
        case "distinct":
            return F.count_distinct(F.col(field))
        case "mean":
            return F.avg(field).cast("double")
        case "count":
            return F.count(field) if field else F.count(F.lit(1))
        case "sum":
            return F.coalesce(F.sum(field), F.lit(0))
        case "min":
            return F.min(field)
        case "max":
            return F.max(field)


def _pandas(table: pa.Table, texts: Sequence[str]) -> pd.DataFrame:
    """Whole numbers stay whole where one of them is null: pandas would make them floating point."""
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return frame.astype(dict.fromkeys(texts, "string"))


def _texts(by: tuple[str, ...]) -> list[SparkColumn]:
    return [F.col(name).cast("string").alias(name) for name in by]
