"""The day rules of a contract: what must hold for a day as a whole before it is published.

Each rule becomes a frame of groups (pandas) and expectations on it, so that what failed can be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import duckdb
import great_expectations.expectations as gxe
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from expectations import groups, wording
from expectations.errors import CannotDerive
from expectations.rule import WARNING, Rule, rule
from spark_jobs.rollup.build import Built
from streams import reference
from streams.contract.checks import reference_names, rule_condition, rule_filter, rule_names
from streams.contract.expressions import Kind
from streams.contract.model import Contract, DayRule
from streams.contract.rendering import backquoted, quoted
from streams.contract.scalars import WEEKDAYS
from streams.contract.types import values_of


@dataclass(frozen=True)
class Question:
    """A frame and what is asked of it; `by` are the columns that name a row."""

    name: str
    frame: pd.DataFrame
    rules: tuple[Rule, ...]
    by: tuple[str, ...]


def questions(contract: Contract, built: Built) -> Iterator[Question]:
    """One question for each day rule that is asked on that weekday. Raises CannotDerive."""
    for name, day_rule in contract.day_rules.items():
        if is_asked(day_rule, built.day.day):
            yield question(contract, name, built)


def is_asked(day_rule: DayRule, day: date) -> bool:
    """Whether the rule is asked on the weekday of `day`."""
    return not day_rule.on or WEEKDAYS[day.weekday()] in day_rule.on


def question(contract: Contract, name: str, built: Built) -> Question:
    """The question that one day rule asks of a day."""
    day_rule = contract.day_rules[name]
    if day_rule.every is not None:
        return _every(contract, name, day_rule, built)
    if day_rule.adds_up is not None:
        return _adds_up(name, day_rule, built)
    if day_rule.that is not None:
        return _that(contract, name, day_rule, built)
    raise CannotDerive(f"{contract.source}: the day rule {name} has none of that, every, adds_up")


def _every(contract: Contract, name: str, day_rule: DayRule, built: Built) -> Question:
    field = day_rule.every or ""
    frame = built.events.select(F.col(field).cast("string").alias(field)).distinct().toPandas()
    asked = rule(
        f"day:{name}",
        day_rule.title,
        gxe.ExpectColumnDistinctValuesToContainSet,
        column=field,
        value_set=list(values_of(contract.columns[field])),
    )
    return Question(name, frame, (asked,), (field,))


def _adds_up(name: str, day_rule: DayRule, built: Built) -> Question:
    """Published and direct figures side by side, in total and for each value of the dimensions."""
    table = groups.table_of(built.day, day_rule.metric or "")
    column = next(each for each in table.columns if each.name == day_rule.adds_up)
    frames = []
    for by in dict.fromkeys(((), day_rule.by)):
        published = groups.merged(built.day, table, by)[[*by, column.name]]
        direct = groups.of_events(built.events, by, {"events__direct": column})
        frames.append(groups.side_by_side(published, direct, by))
    asked = rule(
        f"day:{name}",
        day_rule.title,
        gxe.ExpectColumnPairValuesToBeEqual,
        column_A=column.name,
        column_B="events__direct",
        ignore_row_if="neither",
    )
    return Question(name, pd.concat(frames, ignore_index=True), (asked,), day_rule.by)


def _that(contract: Contract, name: str, day_rule: DayRule, built: Built) -> Question:
    if day_rule.metric is not None:
        frame = groups.of_metric(built.day, day_rule.metric, day_rule.by)
    else:
        events = _picked(built.events, contract, name)
        frame = groups.measured(events, day_rule.by, day_rule.measures)
    rules = []
    if day_rule.reference is not None:
        frame = _looked_up(frame, day_rule.reference, day_rule.by)
        title = wording.text(wording.IN_REFERENCE, title=day_rule.title)
        kind = gxe.ExpectColumnValuesToBeInSet
        rules.append(
            rule(f"day:{name}.reference", title, kind, WARNING, column="in__reference", value_set=[True])
        )
    kinds = rule_names(contract, day_rule)
    condition = rule_condition(contract, name).condition(
        "duckdb", lambda column: _typed(column, kinds[column])
    )
    frame["rule__holds"] = _evaluated(frame, condition)
    rules.append(
        rule(
            f"day:{name}",
            day_rule.title,
            gxe.ExpectColumnValuesToBeInSet,
            column="rule__holds",
            value_set=[True],
        )
    )
    return Question(name, frame, tuple(rules), day_rule.by)


def _typed(column: str, kind: Kind) -> str:
    """DuckDB SQL of a column: dimensions and reference columns are texts in the frame, whatever they mean."""
    types = {"truth": "boolean", "day": "date", "instant": "timestamptz"}
    return f"cast({quoted(column)} as {types[kind]})" if kind in types else quoted(column)


def _picked(events: DataFrame, contract: Contract, name: str) -> DataFrame:
    where = rule_filter(contract, name)
    return events if where is None else events.where(F.expr(where.sql("spark", backquoted)))


def _looked_up(frame: pd.DataFrame, table: str, by: tuple[str, ...]) -> pd.DataFrame:
    """`frame` with a reference table's columns, matched on those that both have, and `in__reference`."""
    known = pd.DataFrame(reference.rows(table), dtype="string")
    shared = [column for column in reference.columns(table) if column in by]
    if not shared:
        raise CannotDerive(f"the reference table {table} shares no column with {', '.join(by)}")
    known = known.drop(columns=[column for column in frame if column in known and column not in shared])
    found = frame.astype(dict.fromkeys(shared, "string")).merge(known, how="left", on=shared, indicator=True)
    numbers = [
        column for column, kind in reference_names(table).items() if kind == "number" and column not in shared
    ]
    found = found.astype(dict.fromkeys((name for name in numbers if name in known), "Int64"))
    found["in__reference"] = found.pop("_merge") == "both"
    return found


def _evaluated(frame: pd.DataFrame, condition: str) -> pd.Series[bool]:
    connection = duckdb.connect(config={"threads": 1})
    try:
        connection.register("groups", frame)
        return connection.execute(f"select {condition} as rule__holds from groups").df()["rule__holds"]  # noqa: S608 (parsed by the contract's own allow-list)
    finally:
        connection.close()
