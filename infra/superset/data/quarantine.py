"""Data sets over quarantine: what was received today in Shanghai and is not right, and why."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import COUNTY_COLUMNS, SOURCE_COLUMNS
from infra.superset.data.overview import titles
from streams.contract import places
from streams.contract.model import Contract
from streams.judge.uniqueness import CODE as UNIQUE
from streams.reasons import CHECK, REASONS

LONGEST_EXCERPT = 300
RECEIVED_TODAY = f"q.received_at >= {sql.DAY_START} and q.received_at < {sql.DAY_END}"
ITEM_FREE = r"r.value->>'field', '\[\d+\]', '[]'"
"""`members[2]__age` is called what `members[1]__age` is."""
DIVISION = "left join ref.division d on d.code = q.division"


def reason_titles(contracts: Mapping[str, Contract]) -> str:
    """A row (title, field_title) for each element `r.value` of `q.reasons`; the code where there is no
    title."""
    checks = [
        (each.source, prefix + name, rule.title)
        for each in contracts.values()
        for prefix, rules in ((CHECK, each.checks), (UNIQUE, each.unique))
        for name, rule in rules.items()
    ]
    fields = [
        (each.source, place, title)
        for each in contracts.values()
        for place, title in places.titles(each).items()
    ]
    return (
        " left join "
        + sql.values([(code, wording.title) for code, wording in REASONS.items()], "n", ("code", "title"))
        + " on n.code = r.value->>'code'"
        " left join "
        + sql.values(checks, "c", ("source", "code", "title"))
        + " on c.source = q.source and c.code = r.value->>'code'"
        " left join "
        + sql.values(fields, "f", ("source", "field", "title"))
        + f" on f.source = q.source and f.field = regexp_replace({ITEM_FREE})"
    )


CODE, NAMED = "r.value->>'code'", "nullif(r.value->>'field', '')"
TITLE = f"coalesce(c.title, n.title, {sql.inert(CODE)})"
FIELD = f"coalesce(f.title, {sql.inert(NAMED)})"
SOURCE = f"coalesce(s.title, {sql.inert('q.source')})"
COUNTY = f"coalesce(d.name, {sql.inert('q.division')})"


def quarantined_today(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a quarantined event. `excerpt` and `reasons` hold what a stranger wrote: shown as text, never
    as HTML."""
    reasons = (
        f"(select string_agg(coalesce({FIELD} || '：', '') || {TITLE}, '；')"
        f" from jsonb_array_elements(q.reasons) r{reason_titles(contracts)})"
    )
    query = (
        f"select {sql.local('q.received_at')} as received, q.source, {SOURCE} as source__label,"
        f" q.division, {COUNTY} as division__label, {sql.inert('q.place')} as place,"
        f" {sql.inert('q.event_id')} as event_id,"
        f" {reasons} as reasons, {sql.inert(f'left(q.excerpt, {LONGEST_EXCERPT})')} as excerpt, q.state,"
        " q.topic || '/' || q.partition || '/' || q.\"offset\" as origin"
        f" from ops.quarantine q left join {titles(contracts)} on s.source = q.source {DIVISION}"
        f" where {RECEIVED_TODAY}"
    )
    return Dataset(
        key="live quarantine",
        title="今日隔离区",
        sql=query,
        columns=(
            Column("received", "接收时间", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            *COUNTY_COLUMNS,
            Column("place", "地点"),
            Column("event_id", "事件编号"),
            Column("reasons", "原因"),
            Column("excerpt", "内容摘录"),
            Column("state", "状态"),
            Column("origin", "原始位置"),
        ),
        figures=(Figure("events__figure", "隔离条数", "count(*)"),),
        time_column="received",
    )


def reasons_today(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a reason of a quarantined event; an event with two reasons counts under both."""
    query = (
        f"select {sql.local('q.received_at')} as received, q.source, {SOURCE} as source__label,"
        f" q.division, {COUNTY} as division__label,"
        f" coalesce({FIELD} || '：', '') || {TITLE} as reason"
        f" from ops.quarantine q left join {titles(contracts)} on s.source = q.source {DIVISION}"
        f" cross join lateral jsonb_array_elements(q.reasons) r{reason_titles(contracts)}"
        f" where {RECEIVED_TODAY}"
    )
    return Dataset(
        key="live quarantine reasons",
        title="今日隔离原因",
        sql=query,
        columns=(
            Column("received", "接收时间", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            *COUNTY_COLUMNS,
            Column("reason", "原因"),
        ),
        figures=(Figure("events__figure", "条数", "count(*)"),),
        time_column="received",
    )
