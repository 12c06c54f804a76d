"""The data set that compares today with yesterday, one row a measure of a source."""

from __future__ import annotations

from collections.abc import Sequence

from infra.superset.assets import Column, Dataset
from infra.superset.data import sql
from infra.superset.data.live import live_table
from infra.superset.data.measures import WHOLE_TEXT, distinct_once, once
from streams.contract.model import Contract
from streams.contract.tables import MetricTable, metric_tables

SPANS = {"today": "今日·实时", "same_time": "昨日此时", "yesterday": "昨日全天"}


def today_and_yesterday(contract: Contract) -> Dataset:
    """Columns: position, measure, today, same_time, yesterday (shown unit), change_percent against same_time.

    Live minutes of both days, so that like is compared with like; `same_time` is yesterday until this time
    of day.
    A distinct count has none: sketches are kept by day.
    """
    parts: list[str] = []
    for table in metric_tables(contract):
        parts += [*_additive(contract, table, len(parts)), *_distinct(contract, table, len(parts) + 1)]
    written = ", ".join(f"{sql.written(f'c.{each}', 'c.pattern')} as {each}__text" for each in SPANS)
    query = (
        "select c.position, c.measure, c.today, c.same_time, c.yesterday,"
        f" {written},"
        " round((c.today - c.same_time) * 100.0 / nullif(c.same_time, 0), 1) as change_percent"
        f" from ({' union all '.join(parts)}) c"
    )
    return Dataset(
        key=f"live {contract.source} comparison",
        title=f"{contract.title}：今日与昨日",
        sql=query,
        columns=(
            Column("position", "序号", "BIGINT"),
            Column("measure", "指标"),
            *(Column(each, f"{title}（数）", "NUMERIC") for each, title in SPANS.items()),
            *(Column(f"{each}__text", title) for each, title in SPANS.items()),
            Column("change_percent", "较昨日此时 %", "NUMERIC"),
        ),
    )


def _additive(contract: Contract, table: MetricTable, before: int) -> Sequence[str]:
    measures = once(contract)[table.metric]
    if not measures:
        return []
    spans = {
        "today": f"t.minute >= {sql.DAY_START}",
        "same": "t.minute < now() - interval '1 day'",
        "yesterday": f"t.minute < {sql.DAY_START}",
    }
    aggregates = ", ".join(
        f"{each.filtered(condition)} as {span}{number}"
        for number, each in enumerate(measures)
        for span, condition in spans.items()
    )
    rows = ", ".join(
        f"({before * 100 + number}, {sql.text(each.title)}, {sql.text(each.text_format)}, "
        + ", ".join(f"m.{span}{number}::numeric" for span in spans)
        + ")"
        for number, each in enumerate(measures)
    )
    return [
        f"select v.* from (select {aggregates} from {live_table(table)} t"
        f" where t.minute >= {sql.YESTERDAY_START} and t.minute < {sql.DAY_END}) m,"
        f" lateral (values {rows}) v(position, measure, pattern, today, same_time, yesterday)"
    ]


def _distinct(contract: Contract, table: MetricTable, before: int) -> Sequence[str]:
    return [
        f"select {before * 100 + 50 + number}, {sql.text(title)}, {sql.text(WHOLE_TEXT)},"
        f" coalesce(max(d.estimate) filter (where d.event_day = {sql.TODAY}), 0)::numeric,"
        f" null::numeric, coalesce(max(d.estimate) filter (where d.event_day = {sql.TODAY} - 1), 0)::numeric"
        f" from live.distinct_day d where d.source = {sql.text(contract.source)}"
        f" and d.metric = {sql.text(table.metric)} and d.measure = {sql.text(name)}"
        f" and d.dimensions = '{{}}'::jsonb and d.event_day >= {sql.TODAY} - 1"
        for number, (name, title) in enumerate(distinct_once(contract)[table.metric].items())
    ]
