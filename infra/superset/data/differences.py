"""Live beside published, day by day, and the rows by which they differ."""

from __future__ import annotations

from collections.abc import Mapping

from expectations.wording import CAUSES
from infra.superset.assets import Column, Dataset, Figure
from infra.superset.data import sql
from infra.superset.data.dimensions import SOURCE_COLUMNS
from infra.superset.data.overview import titles
from streams.contract.model import Contract

# Since a revision was compared with live, live has counted more: late events, and those that were replayed.
# They are the account's own words (spark_jobs/rollup/account.py), for all days at once.
PUBLISHED = """
    select p.source, p.event_day, p.revision, p.reason, p.published_at, p.accepted, p.compared_at,
        coalesce(l.events, 0) as live, coalesce(l.events, 0) - p.live_events as grown,
        least(coalesce(r.events, 0), greatest(coalesce(l.events, 0) - p.live_events, 0)) as replayed
    from mart.publication p
    left join (select source, event_day, sum(events)::bigint as events from ops.span group by 1, 2) l
        on l.source = p.source and l.event_day = p.event_day
    left join lateral (
        select count(*) as events from ops.replayed r
        where r.source = p.source and r.event_day = p.event_day and r.outcome = 'accepted'
            and r.replayed_at > p.compared_at
    ) r on true
    where p.is_current
"""
CAUSED = """
    select p.source, p.event_day, c.position, c.cause, c.title,
        coalesce(d.events, 0) + case c.cause when 'late' then coalesce(p.replayed - p.grown, 0)
            when 'replayed' then -coalesce(p.replayed, 0)
            when 'unexplained' then case when p.compared_at is null then p.accepted - p.live else 0 end
            else 0 end as events
    from p cross join {causes}
    left join mart.difference d on d.source = p.source and d.event_day = p.event_day
        and d.revision = p.revision and d.cause = c.cause
"""


def live_and_published(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a published day and source: live now, published, the difference, what of it has no cause."""
    query = (
        f"with p as ({PUBLISHED}), d as ({_caused()}) select p.event_day, p.source, s.title as source__label,"
        f" p.revision, {sql.local('p.published_at')} as published, p.reason, p.live, p.accepted as final,"
        " p.accepted - p.live as difference,"
        " coalesce((select d.events from d where d.source = p.source and d.event_day = p.event_day"
        " and d.cause = 'unexplained'), 0)::bigint as unexplained"
        f" from p join {titles(contracts)} on s.source = p.source"
    )
    return Dataset(
        key="daily live and published",
        title="实时与日终",
        sql=query,
        columns=(
            Column("event_day", "日期", "DATE"),
            *SOURCE_COLUMNS,
            Column("revision", "修订号", "BIGINT"),
            Column("published", "发布时间", "TIMESTAMP"),
            Column("reason", "发布原因"),
            Column("live", "实时", "BIGINT"),
            Column("final", "日终", "BIGINT"),
            Column("difference", "相差", "BIGINT"),
            Column("unexplained", "没有找到原因", "BIGINT"),
        ),
        figures=(
            Figure("live__figure", "实时", "coalesce(sum(live), 0)"),
            Figure("final__figure", "日终", "coalesce(sum(final), 0)"),
            Figure("difference__figure", "相差", "coalesce(sum(abs(difference)), 0)"),
            Figure("unexplained__figure", "没有找到原因", "coalesce(sum(abs(unexplained)), 0)"),
        ),
        time_column="event_day",
    )


def rows_of_difference(contracts: Mapping[str, Contract]) -> Dataset:
    """One row a published day, source and cause: live + the rows of a day = published."""
    query = (
        f"with p as ({PUBLISHED}), d as ({_caused()})"
        " select d.event_day, d.source, s.title as source__label, d.position, d.title as cause,"
        f" d.events::bigint as events from d join {titles(contracts)} on s.source = d.source"
        " where d.events <> 0"
    )
    return Dataset(
        key="daily differences",
        title="实时与日终相差的原因",
        sql=query,
        columns=(
            Column("event_day", "日期", "DATE"),
            *SOURCE_COLUMNS,
            Column("position", "序号", "BIGINT"),
            Column("cause", "原因"),
            Column("events", "事件数", "BIGINT"),
        ),
        figures=(Figure("events__figure", "事件数", "coalesce(sum(events), 0)"),),
        time_column="event_day",
    )


def _caused() -> str:
    rows = [(number, cause, title) for number, (cause, title) in enumerate(CAUSES.items(), start=1)]
    return CAUSED.format(causes=sql.values(rows, "c", ("position", "cause", "title")))
