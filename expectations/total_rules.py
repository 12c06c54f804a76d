"""What must hold for a metric's rows, whether of a day or of minutes: derived from fields and measures.

Asked of a pandas frame with the dimensions (text), the additive columns and the boolean columns of `asked`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd

from expectations import wording
from expectations.rule import Rule, rule
from streams.contract.model import Contract
from streams.contract.tables import Column, MetricTable
from streams.contract.types import range_of, values_of


def total_rules(contract: Contract, table: MetricTable, keys: Sequence[str] = ()) -> Iterator[Rule]:
    """Rules for the rows of one metric; `keys` tell rows apart beside its dimensions (a minute)."""
    for name in table.dimensions:
        spec, values = contract.columns[name], values_of(contract.columns[name])
        if not spec.optional:
            title = wording.text(wording.REQUIRED, title=spec.title)
            yield rule(f"{name}.required", title, gxe.ExpectColumnValuesToNotBeNull, column=name)
        if values:
            title = wording.text(wording.KNOWN, title=spec.title)
            yield rule(
                f"{name}.known", title, gxe.ExpectColumnValuesToBeInSet, column=name, value_set=list(values)
            )
    title = wording.text(wording.ONE_ROW, title=table.title)
    yield rule("one_row", title, gxe.ExpectColumnValuesToBeInSet, column="one__row", value_set=[True])
    for column in table.columns:
        if column.aggregate == "count":
            title = wording.text(wording.NOT_NEGATIVE, title=column.title)
            kind = gxe.ExpectColumnValuesToBeBetween
            yield rule(f"{column.name}.not_negative", title, kind, column=column.name, min_value=0)
        elif (bounds := _bounds(contract, table, column)) is not None:
            title = wording.text(wording.BOUND, title=column.title, low=bounds[0], high=bounds[1])
            name = f"{column.name}__bound"
            yield rule(
                f"{column.name}.bound", title, gxe.ExpectColumnValuesToBeInSet, column=name, value_set=[True]
            )


def accepted_rules(table: MetricTable, accepted: int) -> Iterator[Rule]:
    """That the metric's rows add up to the day's accepted events, for each measure that counts events."""
    for column in _counts_of_events(table):
        title = wording.text(wording.ADDS_TO_ACCEPTED, title=column.title, count=accepted)
        kind = gxe.ExpectColumnSumToBeBetween
        yield rule(
            f"{column.name}.sum", title, kind, column=column.name, min_value=accepted, max_value=accepted
        )


def asked(
    rows: pd.DataFrame, contract: Contract, table: MetricTable, keys: Sequence[str] = ()
) -> pd.DataFrame:
    """`rows` with what the rules need: `one__row`, and `<column>__bound` for each sum, minimum and maximum.

    A sum is within its field's range times the number of events, where a measure counts them.
    """
    result = rows.copy()
    result["one__row"] = ~result.duplicated([*keys, *table.dimensions], keep=False)
    for column in table.columns:
        bounds = _bounds(contract, table, column)
        if bounds is not None:
            result[f"{column.name}__bound"] = _within(result, table, column, bounds)
    return result


def _within(
    rows: pd.DataFrame, table: MetricTable, column: Column, bounds: tuple[Any, Any]
) -> pd.Series[bool]:
    values, (low, high) = rows[column.name], bounds
    if column.aggregate in ("min", "max"):
        return values.isna() | values.between(low, high)
    counted_by = _events_of(table, column)
    events = rows[counted_by]
    if counted_by == f"{column.measure}__count":
        return values.between(low * events, high * events)
    return values.between(min(low, 0) * events, max(high, 0) * events)  # an optional field may be absent


def _bounds(contract: Contract, table: MetricTable, column: Column) -> tuple[Any, Any] | None:
    """Lowest and highest value of the column's field; None where there is nothing to compare."""
    if column.field is None or column.aggregate == "count":
        return None
    if column.aggregate == "sum" and _events_of(table, column) is None:
        return None
    return range_of(contract.columns[column.field])


def _events_of(table: MetricTable, column: Column) -> str | None:
    """The column that counts the events of a sum: the mean's own, or one of all events; None if none is."""
    names = [other.name for other in table.columns if other.name == f"{column.measure}__count"]
    return next(iter([*names, *(other.name for other in _counts_of_events(table))]), None)


def _counts_of_events(table: MetricTable) -> list[Column]:
    return [column for column in table.columns if column.aggregate == "count" and column.field is None]
