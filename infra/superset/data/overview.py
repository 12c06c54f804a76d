"""Data sets over all sources together, today in Shanghai: numbers, freshness, ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import COUNTY_COLUMNS, SOURCE_COLUMNS, dimensions
from infra.superset.data.live import MINUTE, live_table
from infra.superset.data.measures import MONEY, Shown, additive
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables

AGE = "数据龄（秒）"
STALE_SECONDS = 60
"""Numbers older than this are shown in red."""
VISITS = "人次"
"""What the title of a measure ends with that counts people served, which other sources' counts are not."""
OUTCOMES = {"accepted": "入账", "quarantined": "隔离", "duplicate": "重复", "conflict": "冲突"}


@dataclass(frozen=True)
class Headline:
    """The one count and the one amount by which a source appears beside the others."""

    table: MetricTable
    measure: Shown


def headline_count(contract: Contract) -> Headline | None:
    """The first count of the contract."""
    return _first(contract, "is_count")


def counts_visits(contract: Contract) -> bool:
    """Whether the contract's first count is one of people served, and not of payments or requests."""
    headline = headline_count(contract)
    if headline is None:
        return False
    measure = contract.metrics[headline.table.metric].measures[headline.measure.name]
    return measure.title.endswith(VISITS)


def headline_money(contract: Contract) -> Headline | None:
    """The first sum of fen of the contract."""
    return _first(contract, "is_money")


def _first(contract: Contract, kind: str) -> Headline | None:
    candidates = (
        Headline(table, measure)
        for table in metric_tables(contract)
        for measure in additive(contract, table.metric)
        if getattr(measure, kind)
    )
    return next(candidates, None)


def titles(contracts: Mapping[str, Contract], alias: str = "s") -> str:
    """The deployed sources as an inline table: position, source, title."""
    rows = [(number, each.source, each.title) for number, each in enumerate(contracts.values(), start=1)]
    return sql.values(rows, alias, ("position", "source", "title"))


def all_minutes_of_today(contracts: Mapping[str, Contract]) -> Dataset:
    """Rows of minute, source, county, events, visits, amount_fen over every source's headline numbers.

    `visits` are the events of sources that count people served; only they are added up as such.
    """
    parts = [
        _minutes(contract, headline, kind)
        for contract in contracts.values()
        for kind, headline in (("events", headline_count(contract)), ("amount", headline_money(contract)))
        if headline is not None
    ]
    nothing = (
        f"select null::timestamp as {MINUTE}, null::text as source, null::text as division,"
        " 0::bigint as events, 0::bigint as visits, 0::bigint as amount_fen where false"
    )
    query = (
        f"select a.{MINUTE}, a.source, s.title as source__label, a.division,"
        f" coalesce(d.name, {sql.inert('a.division')}) as division__label,"
        " a.events, a.visits, a.amount_fen"
        f" from ({' union all '.join(parts or [nothing])}) a"
        f" join {titles(contracts)} on s.source = a.source"
        " left join ref.division d on d.code = a.division"
    )
    return Dataset(
        key="live overview",
        title="全部来源：今日分钟（实时）",
        sql=query,
        columns=(
            Column(MINUTE, "分钟", "TIMESTAMP"),
            *SOURCE_COLUMNS,
            *COUNTY_COLUMNS,
            Column("events", "事件数", "BIGINT"),
            Column("visits", VISITS, "BIGINT"),
            Column("amount_fen", "金额（分）", "BIGINT"),
        ),
        figures=(
            Figure("events__figure", "事件数", "coalesce(sum(events), 0)"),
            Figure("visits__figure", VISITS, "coalesce(sum(visits), 0)"),
            Figure("amount__figure", "金额（元）", "round(coalesce(sum(amount_fen), 0) / 100.0, 2)", MONEY),
            Figure(
                "amount_wan__figure",
                "金额（万元）",
                "round(coalesce(sum(amount_fen), 0) / 1000000.0, 2)",
                MONEY,
            ),
        ),
        time_column=MINUTE,
    )


def _minutes(contract: Contract, headline: Headline, kind: str) -> str:
    county = next((each for each in dimensions(contract, headline.table.metric) if each.is_division), None)
    division = f"t.{sql.name(county.field)}" if county else "null::text"
    column = f"t.{sql.name(headline.measure.name)}"
    events, amount = (column, "0::bigint") if kind == "events" else ("0::bigint", column)
    visits = events if counts_visits(contract) else "0::bigint"
    return (
        f"select {sql.local('t.minute')} as {MINUTE}, {sql.text(contract.source)} as source,"
        f" {division} as division, {events} as events, {visits} as visits,"
        f" {amount} as amount_fen"
        f" from {live_table(headline.table)} t where t.minute >= {sql.DAY_START} and t.minute < {sql.DAY_END}"
    )


def freshness(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a source: today's headline numbers, newest event, last commit, and how old they are.

    The age of the number is counted from the last moment at which it was complete: the source's last
    commit, or the live query's last heartbeat that saw nothing waiting. So a quiet night is fresh, and a
    query that died is not. Where there was no such moment yet, it is as old as the deployment: a source
    that never sent anything to a query that never ran is stale too.
    """
    events = _of_each({each.source: headline_count(each) for each in contracts.values()})
    amounts = _of_each({each.source: headline_money(each) for each in contracts.values()})
    quarantined = (
        "(select coalesce(sum(t.events), 0) from ops.tally t where t.query = 'live' and t.source = s.source"
        f" and t.outcome = 'quarantined' and t.received_day = {sql.TODAY})"
    )
    query = (
        "select s.position, s.source, s.title as source__label,"
        f" {events} as events, {amounts} as amount_yuan, {quarantined}::bigint as quarantined,"
        f" {sql.local('f.last_event_at')} as last_event, {sql.local('f.last_committed_at')} as last_commit,"
        " greatest(0, extract(epoch from now() - f.last_event_at))::bigint as event_age_seconds,"
        " greatest(0, extract(epoch from now() - coalesce(greatest(f.last_committed_at,"
        " case when h.behind = 0 then h.beat_at end), k.deployed_at)))::bigint as age_seconds"
        f" from {titles(contracts)} left join ops.freshness f on f.source = s.source"
        " left join ops.heartbeat h on h.query = 'live'"
        " left join ops.contract k on k.source = s.source"
    )
    return Dataset(
        key="live freshness",
        title="各来源新鲜度（实时）",
        sql=query,
        columns=(
            Column("position", "序号", "BIGINT"),
            *SOURCE_COLUMNS,
            Column("events", "今日事件数", "BIGINT"),
            Column("amount_yuan", "今日金额（元）", "NUMERIC"),
            Column("quarantined", "今日隔离", "BIGINT"),
            Column("last_event", "最新事件", "TIMESTAMP"),
            Column("last_commit", "最近入账", "TIMESTAMP"),
            Column("event_age_seconds", "事件距今（秒）", "BIGINT"),
            Column("age_seconds", "数据龄（秒）", "BIGINT"),
        ),
        figures=(Figure("age__figure", AGE, "max(age_seconds)"),),
    )


def _of_each(headlines: Mapping[str, Headline | None]) -> str:
    """SQL: the headline number of the source of the row, null where it has none."""
    branches = " ".join(
        f"when {sql.text(source)} then (select {headline.measure.expression}"
        f" from {live_table(headline.table)} t"
        f" where t.minute >= {sql.DAY_START} and t.minute < {sql.DAY_END})"
        for source, headline in headlines.items()
        if headline is not None
    )
    return f"case s.source {branches} end" if branches else "null::numeric"
