"""What a contract says of one event, asked of all accepted events of a day, in Spark.

The judge has answered the same questions in DuckDB, row by row, before an event counted. Every clause of the
contract must have its rule here: what is not understood is refused, never left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import great_expectations.expectations as gxe
import sqlglot
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from expectations import item_rules, wording
from expectations.errors import CannotDerive
from expectations.rule import Rule, rule
from streams import days
from streams.contract.checks import check_sql, unique_filter
from streams.contract.model import Contract, FieldSpec
from streams.contract.rendering import backquoted
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.tokens import TOKEN_PATTERN

UNDERSTOOD = frozenset(
    {"title", "about", "type", "optional", "pattern", "range", "values", "max_length", "pii"}
)
"""What of a field is either asked below or is only text."""


def event_rules(contract: Contract, day: date) -> Iterator[Rule]:
    """One rule for each clause about a field, a check or an event's time; over `asked(...)`."""
    for name, spec in contract.columns.items():
        yield from _field_rules(name, spec)
    yield from item_rules.item_rules(contract)
    for name, check in contract.checks.items():
        yield _holds(f"check:{name}", wording.text(wording.CHECK, title=check.title), f"check__{name}")
    for name, unique in contract.unique.items():
        yield _holds(f"unique:{name}", wording.text(wording.CHECK, title=unique.title), f"unique__{name}")
    yield rule(
        "time.day",
        wording.ON_THE_DAY,
        gxe.ExpectColumnValuesToBeBetween,
        column="_time",
        min_value=days.begin(day),
        max_value=days.end(day) - timedelta(microseconds=1),
    )
    yield rule("time.required", wording.ON_THE_DAY, gxe.ExpectColumnValuesToNotBeNull, column="_time")


def asked(events: DataFrame, contract: Contract) -> DataFrame:
    """`events` (see spark_jobs.rollup.fields) with what rules need beside the fields.

    `check__<check>` boolean: the check by Spark. `unique__<rule>` boolean: the day has no more events like
    this than the rule lets through. `<field>__sound` boolean: the date exists, the check digit is right; null
    where the field is. Columns of item_rules.
    """
    columns = {
        f"check__{name}": F.expr(check_sql(contract, name, "spark", backquoted)) for name in contract.checks
    }
    columns |= {f"unique__{name}": F.expr(_seldom(contract, name)) for name in contract.unique}
    for name, spec in contract.columns.items():
        sound = _sound_sql(name, spec)
        if sound is not None:
            columns[f"{name}__sound"] = F.expr(sound)
    columns |= {name: F.expr(holds) for name, holds in item_rules.asked(contract).items()}
    return events.withColumns(columns) if columns else events


def _seldom(contract: Contract, name: str) -> str:
    """Spark SQL, true where at most `times` events of the day have the same values, or the rule is not about
    it; a longer period than the day has no more in one of its days."""
    said, where = contract.unique[name], unique_filter(contract, name)
    about = [f"{backquoted(field)} is not null" for field in said.fields]
    if where is not None:
        about.append(f"coalesce({where.sql('spark', backquoted)}, false)")
    concerned = " and ".join(about)
    keys = ", ".join((*map(backquoted, said.fields), f"({concerned})"))
    return f"(not ({concerned}) or count(*) over (partition by {keys}) <= {said.times})"


def _field_rules(name: str, spec: FieldSpec) -> Iterator[Rule]:
    unknown = spec.model_fields_set - UNDERSTOOD
    if unknown:
        raise CannotDerive(f"field {name}: no expectation is known for {', '.join(sorted(unknown))}")
    named, text = (
        NAMED_TYPES[spec.type],
        name if NAMED_TYPES[spec.type].json != "string" else _text_of(name, spec),
    )
    if not spec.optional:
        title = wording.text(wording.REQUIRED, title=spec.title)
        yield rule(f"{name}.required", title, gxe.ExpectColumnValuesToNotBeNull, column=name)
    if spec.pii is not None:
        title = wording.text(wording.PSEUDONYM, title=spec.title)
        yield _matches(f"{name}.token", title, name, TOKEN_PATTERN)
        return
    for pattern in filter(None, (spec.pattern, named.pattern)):
        yield _matches(f"{name}.pattern", wording.text(wording.PATTERN, title=spec.title), text, pattern)
    values, bounds, length = values_of(spec), range_of(spec), max_length_of(spec)
    if values:
        title = wording.text(wording.KNOWN, title=spec.title)
        yield rule(
            f"{name}.known", title, gxe.ExpectColumnValuesToBeInSet, column=name, value_set=list(values)
        )
    if bounds is not None:
        low, high = bounds
        title = wording.text(wording.RANGE, title=spec.title, low=low, high=high)
        kind = gxe.ExpectColumnValuesToBeBetween
        yield rule(f"{name}.range", title, kind, column=name, min_value=low, max_value=high)
    if length is not None:
        title = wording.text(wording.LENGTH, title=spec.title, length=length)
        kind_of_length = gxe.ExpectColumnValueLengthsToBeBetween
        yield rule(f"{name}.length", title, kind_of_length, column=text, max_value=length)
    if _sound_sql(name, spec) is not None:
        yield _holds(f"{name}.sound", wording.text(wording.SOUND, title=spec.title), f"{name}__sound")


def _matches(code: str, title: str, column: str, pattern: str) -> Rule:
    kind = gxe.ExpectColumnValuesToMatchRegex
    return rule(code, title, kind, column=column, regex=rf"\A(?:{pattern})\z")


def _holds(code: str, title: str, column: str) -> Rule:
    return rule(code, title, gxe.ExpectColumnValuesToBeInSet, column=column, value_set=[True])


def _text_of(name: str, spec: FieldSpec) -> str:
    return f"{name}__text" if NAMED_TYPES[spec.type].spark in ("date", "timestamp") else name


def _sound_sql(name: str, spec: FieldSpec) -> str | None:
    """Spark SQL: true or false where the field is there, null where it is not; None: nothing to be asked."""
    named = NAMED_TYPES[spec.type]
    if named.spark in ("date", "timestamp"):
        return f"case when `{name}__text` is not null then `{name}` is not null end"
    checksum = None if spec.pii is not None else named.checksum_sql(f'"{name}"')
    if checksum is None:
        return None
    right = sqlglot.transpile(checksum, read="duckdb", write="spark")[0]
    return f"case when `{name}` is not null then {right} end"
