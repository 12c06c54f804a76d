"""Ratios of a metric's measures: taken of each row's own figures when they are shown, never added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from infra.superset.assets import Column
from infra.superset.data import sql
from streams import reference
from streams.contract.model import Contract, Metric, Ratio
from streams.contract.tables import MetricTable

_UNITS = {"percent": "%", "fen": "元"}
WHOLE = ""
"""The dimension of the row that is about all values."""


def ratios(contract: Contract, metric: str) -> tuple[Column, ...]:
    """A column for each ratio of the metric."""
    return tuple(
        Column(name, f"{ratio.title}（{_UNITS[ratio.unit]}）" if ratio.unit else ratio.title, "NUMERIC")
        for name, ratio in contract.metrics[metric].ratios.items()
    )


def with_ratios(contract: Contract, table: MetricTable, rows: str) -> str:
    """The query `rows` (dimension, value, the metric's measures in the shown unit) with its ratios.

    Null where the divisor is 0 or null. A reference's column is added up over the rows of the table that
    have the value; over all of them where the table does not have the dimension.
    """
    metric = contract.metrics[table.metric]
    if not metric.ratios:
        return rows
    parts = _references(metric)
    shown = "".join(f", {_shown(metric, ratio)} as {sql.name(name)}" for name, ratio in metric.ratios.items())
    joins = "".join(
        f" left join {sql.values(_totals(metric, part), alias, ('dimension', 'value', 'total'))}"
        f" on {alias}.dimension = m.dimension and {alias}.value in (m.value, {sql.text(_ANY)})"
        for part, alias in parts.items()
    )
    return f"select m.*{shown} from ({rows}) m{joins}"


_ANY = "*"


def _references(metric: Metric) -> dict[str, str]:
    """`<table>.<column>` -> alias of every reference that the ratios name."""
    named = [part for ratio in metric.ratios.values() for part in (ratio.of, ratio.to) if "." in part]
    return {part: f"r{number}" for number, part in enumerate(dict.fromkeys(named))}


def _totals(metric: Metric, part: str) -> Iterator[tuple[str, str, int]]:
    """(dimension, value, sum of the column); `_ANY` for every value of a dimension that the table has not."""
    table, _, column = part.partition(".")
    rows = reference.rows(table)
    whole = sum(int(row[column]) for row in rows)
    for dimension in (WHOLE, *metric.by):
        if dimension not in reference.columns(table):
            yield dimension, _ANY, whole
            continue
        by_value: Counter[str] = Counter()
        for row in rows:
            by_value[row[dimension]] += int(row[column])
        yield from ((dimension, value, total) for value, total in by_value.items())


def _shown(metric: Metric, ratio: Ratio) -> str:
    factor = "100 * " if ratio.unit == "percent" else ""
    return f"round({factor}{_quotient(metric, ratio)}, 2)"


def _quotient(metric: Metric, ratio: Ratio) -> str:
    of, to = (_part(metric, name) for name in (ratio.of, ratio.to))
    return f"({of}::numeric / nullif({to}, 0))"


def _part(metric: Metric, name: str) -> str:
    if "." in name:
        return f"{_references(metric)[name]}.total"
    return _quotient(metric, metric.ratios[name]) if name in metric.ratios else f"m.{sql.name(name)}"
