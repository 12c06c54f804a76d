"""Ratios of the days that were tried out: of each row's own figures, as the dashboards show them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from streams import reference
from streams.contract.model import Contract, Metric, Ratio

_PERCENT = 100


def with_ratios(contract: Contract, metric: str, days: pa.Table) -> pa.Table:
    """A metric's day table with a column (double) for each of its ratios: percent, fen, or plain.

    Null where the divisor is 0 or missing. A reference's column is added up over the rows of the reference
    that have the row's dimensions, as far as the reference knows them.
    """
    spec = contract.metrics[metric]
    rows = days.to_pylist()
    for name, ratio in spec.ratios.items():
        values = [_shown(spec, ratio, row) for row in rows]
        days = days.append_column(name, pa.array(values, pa.float64()))
    return days


def _shown(metric: Metric, ratio: Ratio, row: Mapping[str, Any]) -> float | None:
    value = _quotient(metric, ratio, row)
    return None if value is None else round(value * (_PERCENT if ratio.unit == "percent" else 1), 4)


def _quotient(metric: Metric, ratio: Ratio, row: Mapping[str, Any]) -> float | None:
    of, to = (_part(metric, name, row) for name in (ratio.of, ratio.to))
    return None if of is None or not to else of / to


def _part(metric: Metric, name: str, row: Mapping[str, Any]) -> float | None:
    if name in metric.ratios:
        return _quotient(metric, metric.ratios[name], row)
    table, dot, column = name.partition(".")
    if dot:
        shared = [key for key in metric.by if key in reference.columns(table)]
        return float(
            sum(
                int(each[column])
                for each in reference.rows(table)
                if all(each[key] == row[key] for key in shared)
            )
        )
    if f"{name}__count" in row:
        count = row[f"{name}__count"]
        return row[f"{name}__sum"] / count if count else None
    value = row.get(name)
    return None if value is None else float(value)
