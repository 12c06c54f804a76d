"""Data sets over one metric's published days, by its dimensions: each day's current revision."""

from __future__ import annotations

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import Dimension, dimensions
from infra.superset.data.live import WHOLE_CITY
from infra.superset.data.measures import additive, distinct
from streams.contract.model import Contract
from streams.contract.tables import MetricTable

DAY = "event_day"


def published_metric(contract: Contract, table: MetricTable) -> Dataset:
    """One row a published day and combination of dimensions; figures are the metric's additive measures."""
    dims = dimensions(contract, table.metric)
    columns = [f"t.{DAY}"]
    for each in dims:
        columns += [f"t.{sql.name(each.field)}", f"{each.label('t')} as {sql.name(each.label_column)}"]
    columns += [f"t.{sql.name(column.name)}" for column in table.columns]
    joins = " ".join(each.join("t") for each in dims)
    return Dataset(
        key=f"daily {contract.source} {table.metric}",
        title=f"{contract.title}·{table.title}：每日（日终）",
        sql=f"select {', '.join(columns)} from {_mart(table)} t {joins}",
        columns=(
            Column(DAY, "日期", "DATE"),
            *(column for each in dims for column in each.columns),
            *(Column(column.name, column.title, "BIGINT") for column in table.columns),
        ),
        figures=tuple(
            Figure(each.figure, each.title, each.expression, each.number_format)
            for each in additive(contract, table.metric)
        ),
        time_column=DAY,
    )


def published_values(contract: Contract, table: MetricTable) -> Dataset:
    """One row for each published day and value of each dimension, and one of all (`dimension` is '').

    Columns: event_day, dimension, value, label, the additive measures in their shown unit, the distinct
    measures (exact). Rows are read as they are: a distinct count is never added to another.
    """
    measures, counted = additive(contract, table.metric), distinct(contract, table.metric)
    parts = [_everywhere(contract, table)]
    parts += [_by(contract, table, each) for each in dimensions(contract, table.metric)]
    return Dataset(
        key=f"daily {contract.source} {table.metric} values",
        title=f"{contract.title}·{table.title}：每日各维度（日终）",
        sql=" union all ".join(parts),
        columns=(
            Column(DAY, "日期", "DATE"),
            Column("dimension", "维度"),
            Column("value", "代码"),
            Column("label", "名称"),
            *(Column(each.name, each.title, "NUMERIC") for each in measures),
            *(Column(name, title, "BIGINT") for name, title in counted.items()),
        ),
        time_column=DAY,
    )


def _everywhere(contract: Contract, table: MetricTable) -> str:
    measures = _shown_columns(contract, table, "'{}'::jsonb")
    inner = _aggregated(contract, table, "null::text")
    return (
        f"select a.{DAY}, ''::text as dimension, a.value, {sql.text(WHOLE_CITY)} as label{measures}"
        f" from ({inner}) a"
    )


def _by(contract: Contract, table: MetricTable, dimension: Dimension) -> str:
    field, column = sql.text(dimension.field), sql.name(dimension.field)
    measures = _shown_columns(contract, table, f"jsonb_build_object({field}, a.value)")
    inner = _aggregated(contract, table, f"t.{column}")
    return (
        f"select a.{DAY}, {field} as dimension, a.value, {dimension.label('a')} as label{measures}"
        f" from (select b.*, b.value as {column} from ({inner}) b) a {dimension.join('a')}"
    )


def _aggregated(contract: Contract, table: MetricTable, value: str) -> str:
    measures = "".join(
        f", {each.expression} as {sql.name(each.name)}" for each in additive(contract, table.metric)
    )
    return f"select t.{DAY}, {value} as value{measures} from {_mart(table)} t group by 1, 2"


def _shown_columns(contract: Contract, table: MetricTable, dimensions_key: str) -> str:
    shown = "".join(f", a.{sql.name(each.name)}" for each in additive(contract, table.metric))
    counts = "".join(
        f", (select d.value from mart.distinct_day d where d.source = {sql.text(table.source)}"
        f" and d.metric = {sql.text(table.metric)} and d.measure = {sql.text(name)}"
        f" and d.{DAY} = a.{DAY} and d.dimensions = {dimensions_key}) as {sql.name(name)}"
        for name in table.distinct
    )
    return shown + counts


def _mart(table: MetricTable) -> str:
    """The quoted name of the view of the metric's current revisions."""
    return sql.name("mart", table.name)
