"""Data sets over one metric's live minutes, today in Shanghai."""

from __future__ import annotations

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import Dimension, dimensions
from infra.superset.data.measures import COUNT, additive, distinct
from infra.superset.data.ratios import ratios, with_ratios
from streams.contract.model import Contract
from streams.contract.tables import MetricTable

MINUTE = "local_minute"
WHOLE_CITY = "全市"


def live_table(table: MetricTable) -> str:
    """The quoted name of the metric's live table."""
    return sql.name("live", table.name)


def minutes_of_today(contract: Contract, table: MetricTable) -> Dataset:
    """One row a minute and combination of dimensions; figures are the metric's additive measures."""
    measures, dims = additive(contract, table.metric), dimensions(contract, table.metric)
    columns = [f"{sql.local('t.minute')} as {MINUTE}"]
    for each in dims:
        columns += [f"t.{sql.name(each.field)}", f"{each.label('t')} as {sql.name(each.label_column)}"]
    columns += [f"t.{sql.name(column.name)}" for column in table.columns]
    query = (
        f"select {', '.join(columns)} from {live_table(table)} t "
        + " ".join(each.join("t") for each in dims)
        + f" where t.minute >= {sql.DAY_START} and t.minute < {sql.DAY_END}"
    )
    return Dataset(
        key=f"live {contract.source} {table.metric}",
        title=f"{contract.title}·{table.title}：今日分钟（实时）",
        sql=query,
        columns=(
            Column(MINUTE, "分钟", "TIMESTAMP"),
            *(column for each in dims for column in each.columns),
            *(Column(column.name, column.title, "BIGINT") for column in table.columns),
        ),
        figures=tuple(
            Figure(each.figure, each.title, each.expression, each.number_format) for each in measures
        ),
        time_column=MINUTE,
    )


def values_of_today(contract: Contract, table: MetricTable) -> Dataset:
    """One row for each value of each dimension and one of all (`dimension` is ''), with every measure.

    Columns: dimension, value, label, the additive measures in their shown unit, the distinct measures
    (estimates), the ratios of these. Rows are read as they are: a distinct count is never added to another.
    """
    measures, counted = additive(contract, table.metric), distinct(contract, table.metric)
    dims = dimensions(contract, table.metric)
    parts = [_all_values(contract, table), *(_values(contract, table, each) for each in dims)]
    return Dataset(
        key=f"live {contract.source} {table.metric} values",
        title=f"{contract.title}·{table.title}：今日各维度（实时）",
        sql=with_ratios(contract, table, " union all ".join(parts)),
        columns=(
            Column("dimension", "维度"),
            Column("value", "代码"),
            Column("label", "名称"),
            *(Column(each.name, each.title, "NUMERIC") for each in measures),
            *(Column(name, title, "BIGINT") for name, title in counted.items()),
            *ratios(contract, table.metric),
        ),
        figures=tuple(
            Figure(f"{name}__figure", title, f"coalesce(max({sql.name(name)}), 0)", COUNT)
            for name, title in counted.items()
        ),
    )


def _all_values(contract: Contract, table: MetricTable) -> str:
    inner = _aggregated(contract, table, "null::text", "")
    columns = _shown_columns(contract, table, "'{}'::jsonb")
    return f"select ''::text as dimension, a.value, {sql.text(WHOLE_CITY)} as label{columns} from ({inner}) a"


def _values(contract: Contract, table: MetricTable, dimension: Dimension) -> str:
    field, column = sql.text(dimension.field), sql.name(dimension.field)
    inner = _aggregated(contract, table, f"t.{column}", f" group by t.{column}")
    columns = _shown_columns(contract, table, f"jsonb_build_object({field}, a.value)")
    return (
        f"select {field} as dimension, a.value, {dimension.label('a')} as label{columns}"
        f" from (select b.*, b.value as {column} from ({inner}) b) a {dimension.join('a')}"
    )


def _aggregated(contract: Contract, table: MetricTable, value: str, group: str) -> str:
    measures = "".join(
        f", {each.expression} as {sql.name(each.name)}" for each in additive(contract, table.metric)
    )
    return (
        f"select {value} as value{measures} from {live_table(table)} t"
        f" where t.minute >= {sql.DAY_START} and t.minute < {sql.DAY_END}{group}"
    )


def _shown_columns(contract: Contract, table: MetricTable, dimensions_key: str) -> str:
    shown = "".join(f", a.{sql.name(each.name)}" for each in additive(contract, table.metric))
    counts = "".join(
        f", (select d.estimate from live.distinct_day d where {_sketches(table, name)}"
        f" and d.event_day = {sql.TODAY} and d.dimensions = {dimensions_key}) as {sql.name(name)}"
        for name in table.distinct
    )
    return shown + counts


def _sketches(table: MetricTable, measure: str) -> str:
    return (
        f"d.source = {sql.text(table.source)} and d.metric = {sql.text(table.metric)}"
        f" and d.measure = {sql.text(measure)}"
    )
