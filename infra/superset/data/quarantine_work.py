"""Data sets over the whole quarantine: groups with their share of a place's events, events, conflicts."""

from __future__ import annotations

from collections.abc import Mapping

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import COUNTY_COLUMNS, SOURCE_COLUMNS
from infra.superset.data.overview import titles
from infra.superset.data.quarantine import (
    COUNTY,
    DIVISION,
    FIELD,
    LONGEST_EXCERPT,
    SOURCE,
    TITLE,
    reason_titles,
)
from spark_jobs.live.position import BITS
from spark_jobs.replay.selection import CLOSED, OPEN, REPLAYED
from streams.contract.model import Contract
from streams.judge.uniqueness import CODE as UNIQUE
from streams.zone import ZONE_NAME

NEWEST = "q.received_at >= now() - interval '92 days'"


def groups(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a source, place, reason and state: events, share, first and last seen. An event with two
    reasons is in two groups, as in `minsheng quarantine list`: only by reason do groups add up to events.

    All groups, so that filters come before any limit. The share is dear: PostgreSQL computes it only for the
    rows that a limit leaves, and not at all for who does not ask for it.
    """
    said = (
        f"select q.id, q.source, {SOURCE} as source__label, q.division, {COUNTY} as division__label, q.place,"
        f" q.received_at, q.state, coalesce({FIELD} || '：', '') || {TITLE} as reason"
        f" from ops.quarantine q left join {titles(contracts)} on s.source = q.source {DIVISION}"
        f" cross join lateral jsonb_array_elements(q.reasons) r{reason_titles(contracts)} where {NEWEST}"
    )
    grouped = (
        "select source, source__label, division, division__label, place, reason, state,"
        " count(distinct id) as events, min(received_at) as first_seen, max(received_at) as last_seen"
        f" from ({said}) said group by 1, 2, 3, 4, 5, 6, 7"
    )
    day = f"(g.{{}} at time zone '{ZONE_NAME}')::date"
    passed = (
        "select coalesce(sum(d.events), 0) from ops.place_day d"
        " where d.source = g.source and d.place = g.place"
        f" and d.received_day between {day.format('first_seen')} and {day.format('last_seen')}"
    )
    refused = (
        "select count(*) from ops.quarantine o where o.source = g.source and o.place = g.place"
        f" and (o.received_at at time zone '{ZONE_NAME}')::date"
        f" between {day.format('first_seen')} and {day.format('last_seen')}"
        " and not exists (select 1 from jsonb_array_elements(o.reasons) x"
        f" where starts_with(x.value->>'code', '{UNIQUE}'))"
    )
    query = (
        f"select g.source, g.source__label, g.division, g.division__label, {sql.inert('g.place')} as place,"
        " g.reason, g.state, g.events,"
        " case when g.place is not null then"
        f" round(100.0 * g.events / nullif(({passed}) + ({refused}), 0), 1) end as share_percent,"
        f" {sql.local('g.first_seen')} as first_seen, {sql.local('g.last_seen')} as last_seen"
        f" from ({grouped}) g"
    )
    return Dataset(
        key="quarantine groups",
        title="隔离区：按来源、地点、原因",
        sql=query,
        columns=(
            *SOURCE_COLUMNS,
            *COUNTY_COLUMNS,
            Column("place", "地点"),
            Column("reason", "原因"),
            Column("state", "状态"),
            Column("events", "条数", "BIGINT"),
            Column("share_percent", "占该地点事件（%）", "NUMERIC"),
            Column("first_seen", "最早", "TIMESTAMP"),
            Column("last_seen", "最近", "TIMESTAMP"),
        ),
        figures=(Figure("events__figure", "条数", "coalesce(sum(events), 0)"),),
        time_column="last_seen",
    )


def events(contracts: Mapping[str, Contract]) -> Dataset:
    """One row an event of the last three months, masked. What a stranger wrote is shown as text, never as
    HTML."""
    reasons = (
        f"(select string_agg(coalesce({FIELD} || '：', '') || {TITLE}, '；')"
        f" from jsonb_array_elements(q.reasons) r{reason_titles(contracts)})"
    )
    query = (
        f"select q.id as number, {sql.local('q.received_at')} as received, q.source,"
        f" {SOURCE} as source__label, q.division, {COUNTY} as division__label,"
        f" {sql.inert('q.place')} as place, {reasons} as reason,"
        f" {sql.inert(f'left(q.excerpt, {LONGEST_EXCERPT})')} as excerpt, q.state,"
        f" {sql.local('q.state_at')} as state_at, {sql.inert('q.state_by')} as state_by"
        f" from ops.quarantine q left join {titles(contracts)} on s.source = q.source {DIVISION}"
        f" where {NEWEST}"
    )
    return Dataset(
        key="quarantine events",
        title="隔离区：逐条",
        sql=query,
        columns=(
            Column("number", "编号", "BIGINT"),
            Column("received", "接收时间", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            *COUNTY_COLUMNS,
            Column("place", "地点"),
            Column("reason", "原因"),
            Column("excerpt", "内容摘录"),
            Column("state", "状态"),
            Column("state_at", "状态时间", "TIMESTAMP"),
            Column("state_by", "处理人"),
        ),
        figures=(
            _of_state("open__figure", "待核实", OPEN),
            _of_state("replayed__figure", "已重放", REPLAYED),
            _of_state("closed__figure", "已关闭", CLOSED),
        ),
        time_column="received",
    )


def conflicts(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a conflict of the last three months; `minsheng conflicts show` has both contents."""

    def place(position: str) -> str:
        partition = f"(q.{position} >> {BITS})"
        return f"{partition} || '/' || (q.{position} - ({partition} << {BITS}))"

    query = (
        f"select q.number, {sql.local('q.received_at')} as received, q.source, {SOURCE} as source__label,"
        f" q.event_day, {place('first_position')} as first_place, {place('second_position')} as second_place"
        f" from ops.conflict q left join {titles(contracts)} on s.source = q.source where {NEWEST}"
    )
    return Dataset(
        key="quarantine conflicts",
        title="冲突：编号相同、内容不同",
        sql=query,
        columns=(
            Column("number", "编号", "BIGINT"),
            Column("received", "后到的接收时间", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            Column("event_day", "事件日期", "DATE"),
            Column("first_place", "先到（已计入）：分区/位置"),
            Column("second_place", "后到（未计入）：分区/位置"),
        ),
        figures=(Figure("conflicts__figure", "冲突", "count(*)"),),
        time_column="received",
    )


def _of_state(name: str, title: str, state: str) -> Figure:
    return Figure(name, title, f"count(*) filter (where state = '{state}')")
