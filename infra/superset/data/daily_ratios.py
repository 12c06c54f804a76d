"""Ratios of published days: taken of the day's own totals, which are exact."""

from __future__ import annotations

from infra.superset.data import sql
from infra.superset.data.measures import DECIMAL_TEXT, additive, distinct
from infra.superset.data.ratios import WHOLE, ratios, with_ratios
from streams.contract.model import Contract
from streams.contract.tables import MetricTable


def of_days(contract: Contract, table: MetricTable, first: int) -> list[str]:
    """A query of one row a day and ratio (event_day, source, position, measure, pattern, value), or none.

    `first`: the position of the first ratio.
    """
    shown = ratios(contract, table.metric)
    if not shown:
        return []
    listed = ", ".join(
        f"({first + number}, {sql.text(each.title)}, {sql.text(DECIMAL_TEXT)}, q.{sql.name(each.name)})"
        for number, each in enumerate(shown)
    )
    return [
        f"select q.event_day, {sql.text(contract.source)} as source,"
        " w.position, w.measure, w.pattern, w.value"
        f" from ({with_ratios(contract, table, _totals(contract, table))}) q,"
        f" lateral (values {listed}) w(position, measure, pattern, value)"
        " where w.value is not null"
    ]


def _totals(contract: Contract, table: MetricTable) -> str:
    """event_day, and every measure of the metric over the whole city, under its own name."""
    measures = [f"{each.expression} as {sql.name(each.name)}" for each in additive(contract, table.metric)]
    people = [
        f"(select d.value from mart.distinct_day d where d.source = {sql.text(contract.source)}"
        f" and d.metric = {sql.text(table.metric)} and d.measure = {sql.text(name)}"
        f" and d.event_day = t.event_day and d.dimensions = '{{}}'::jsonb) as {sql.name(name)}"
        for name in distinct(contract, table.metric)
    ]
    fixed = ["t.event_day", f"{sql.text(WHOLE)} as dimension", f"{sql.text(WHOLE)} as value"]
    return (
        f"select {', '.join((*fixed, *measures, *people))} from {sql.name('mart', table.name)} t"
        " group by t.event_day"
    )
