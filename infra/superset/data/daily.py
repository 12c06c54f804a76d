"""Data sets over published days (日终): each day's current revision.

They hold every published day: which of them a page shows is for its charts to say (`charts.newest_days`).
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.daily_ratios import of_days
from infra.superset.data.dimensions import SOURCE_COLUMNS
from infra.superset.data.measures import WHOLE_TEXT, distinct_once, once
from infra.superset.data.overview import titles
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables

AGAINST = {"value": "v", "previous": "y", "last_year": "l"}


def published_days(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a source and published day: revision, when and why it was published, and the day's ledger."""
    query = (
        "select p.event_day, p.source, s.title as source__label, p.revision,"
        f" {sql.local('p.published_at')} as published, p.reason,"
        " p.accepted, p.quarantined, p.duplicate, p.conflict"
        f" from mart.publication p join {titles(contracts)} on s.source = p.source"
        " where p.is_current"
    )
    return Dataset(
        key="daily publications",
        title="日终发布",
        sql=query,
        columns=(
            Column("event_day", "日期", "DATE"),
            *SOURCE_COLUMNS,
            Column("revision", "修订号", "BIGINT"),
            Column("published", "发布时间", "TIMESTAMP"),
            Column("reason", "发布原因"),
            Column("accepted", "入账", "BIGINT"),
            Column("quarantined", "隔离", "BIGINT"),
            Column("duplicate", "重复", "BIGINT"),
            Column("conflict", "冲突", "BIGINT"),
        ),
        figures=(
            Figure("accepted__figure", "入账", "coalesce(sum(accepted), 0)"),
            Figure("days__figure", "已发布天数", "count(distinct event_day)"),
            Figure("newest__figure", "最新日终", "extract(epoch from max(event_day)) * 1000", "d"),
            Figure("revisions__figure", "最高修订号", "coalesce(max(revision), 0)"),
        ),
        time_column="event_day",
    )


def daily_measures(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a published day, source and measure (distinct ones exact), against a day and a year before.

    Columns: event_day, source, measure, value (shown unit), previous, change_percent (环比), last_year,
    year_percent (同比), revision, published. A comparison is empty where that day was not published.
    """
    parts = [part for contract in contracts.values() for part in _day_values(contract)]
    nothing = (
        "select null::date as event_day, null::text as source, 0 as position, null::text as measure,"
        " null::text as pattern, null::numeric as value where false"
    )
    written = ", ".join(
        f"{sql.written(f'{alias}.value', 'v.pattern')} as {name}__text" for name, alias in AGAINST.items()
    )
    query = (
        f"with v as materialized ({' union all '.join(parts or [nothing])})"
        f" select {written},"
        " v.event_day, v.source, s.title as source__label, v.position, v.measure, v.value,"
        " y.value as previous, round((v.value - y.value) * 100.0 / nullif(y.value, 0), 1) as change_percent,"
        " l.value as last_year, round((v.value - l.value) * 100.0 / nullif(l.value, 0), 1) as year_percent,"
        f" p.revision, {sql.local('p.published_at')} as published"
        f" from v join {titles(contracts)} on s.source = v.source"
        " join mart.publication p on p.source = v.source and p.event_day = v.event_day and p.is_current"
        " left join v y on y.source = v.source and y.position = v.position and y.event_day = v.event_day - 1"
        " left join v l on l.source = v.source and l.position = v.position"
        " and l.event_day = (v.event_day - interval '1 year')::date"
    )
    return Dataset(
        key="daily measures",
        title="日终指标：环比与同比",
        sql=query,
        columns=(
            Column("event_day", "日期", "DATE"),
            *SOURCE_COLUMNS,
            Column("position", "序号", "BIGINT"),
            Column("measure", "指标"),
            Column("value", "日终值（数）", "NUMERIC"),
            Column("value__text", "日终值"),
            Column("previous", "前一日（数）", "NUMERIC"),
            Column("previous__text", "前一日"),
            Column("change_percent", "环比 %", "NUMERIC"),
            Column("last_year", "去年同日（数）", "NUMERIC"),
            Column("last_year__text", "去年同日"),
            Column("year_percent", "同比 %", "NUMERIC"),
            Column("revision", "修订号", "BIGINT"),
            Column("published", "发布时间", "TIMESTAMP"),
        ),
        # One row a day, source and measure: max() only names that row's value, it never adds up.
        figures=(Figure("value__figure", "日终值", "max(value)", ",.10~g"),),
        time_column="event_day",
    )


def _day_values(contract: Contract) -> list[str]:
    parts: list[str] = []
    for table in metric_tables(contract):
        before = len(parts)
        parts += [*_additive(contract, table, before), *_distinct(contract, table, before)]
        parts += of_days(contract, table, before * 100 + 80)
    return parts


def _additive(contract: Contract, table: MetricTable, before: int) -> list[str]:
    measures = once(contract)[table.metric]
    if not measures:
        return []
    aggregates = ", ".join(f"{each.expression} as m{number}" for number, each in enumerate(measures))
    rows = ", ".join(
        f"({before * 100 + number}, {sql.text(each.title)}, {sql.text(each.text_format)},"
        f" a.m{number}::numeric)"
        for number, each in enumerate(measures)
    )
    return [
        f"select a.event_day, {sql.text(contract.source)} as source,"
        " w.position, w.measure, w.pattern, w.value"
        f" from (select event_day, {aggregates} from {sql.name('mart', table.name)} group by event_day) a,"
        f" lateral (values {rows}) w(position, measure, pattern, value)"
    ]


def _distinct(contract: Contract, table: MetricTable, before: int) -> list[str]:
    return [
        f"select d.event_day, d.source, {before * 100 + 50 + number}, {sql.text(title)},"
        f" {sql.text(WHOLE_TEXT)}, d.value::numeric"
        f" from mart.distinct_day d where d.source = {sql.text(contract.source)}"
        f" and d.metric = {sql.text(table.metric)} and d.measure = {sql.text(name)}"
        " and d.dimensions = '{}'::jsonb"
        for number, (name, title) in enumerate(distinct_once(contract)[table.metric].items())
    ]


# The messages quote values of events (`expectations.answers.Answer`).
FAILURES = (
    "(select string_agg(concat(r.value->>'title', '：', r.value->>'message'), '；')"
    " from jsonb_array_elements(v.results) r where not (r.value->>'success')::boolean)"
)


def validations(contracts: Mapping[str, Contract]) -> Dataset:
    """The newest validation of each scope, source and day, with the titles of what failed."""
    query = (
        f"select {sql.local('v.validated_at')} as validated,"
        " case v.scope when 'live' then '实时' else '日终' end as scope,"
        " v.source, s.title as source__label, v.event_day, v.revision,"
        " case when v.success then '通过' else '未通过' end as verdict, v.evaluated, v.failed,"
        f" {sql.inert(FAILURES)} as failures"
        " from (select distinct on (scope, source, event_day) * from ops.validation"
        " order by scope, source, event_day, validated_at desc) v"
        f" join {titles(contracts)} on s.source = v.source"
    )
    return Dataset(
        key="daily validations",
        title="校验结果",
        sql=query,
        columns=(
            Column("validated", "校验时间", "TIMESTAMP"),
            Column("scope", "范围"),
            *SOURCE_COLUMNS,
            Column("event_day", "日期", "DATE"),
            Column("revision", "修订号", "BIGINT"),
            Column("verdict", "结果"),
            Column("evaluated", "规则数", "BIGINT"),
            Column("failed", "未通过数", "BIGINT"),
            Column("failures", "未通过的规则"),
        ),
        figures=(
            Figure("failed__figure", "未通过", "count(*) filter (where verdict <> '通过')"),
            Figure("passed__figure", "通过", "count(*) filter (where verdict = '通过')"),
        ),
        time_column="event_day",
    )
