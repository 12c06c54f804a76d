"""A contract's checks and day rules as SQL. Raises ExpressionError where one may not be used."""

from __future__ import annotations

import re
from collections.abc import Mapping

from streams import reference
from streams.contract.expressions import Expression, Kind, Names, parse_condition
from streams.contract.model import Contract, DayRule, FieldSpec
from streams.contract.rendering import Column, Dialect
from streams.contract.types import NAMED_TYPES

_KINDS: Mapping[str, Kind] = {
    "VARCHAR": "text",
    "BIGINT": "number",
    "DECIMAL(18,4)": "number",
    "BOOLEAN": "truth",
    "DATE": "day",
    "TIMESTAMPTZ": "instant",
}


def kind_of(spec: FieldSpec) -> Kind:
    return _KINDS[NAMED_TYPES[spec.type].duckdb]


def names_of(contract: Contract) -> Names:
    """What a check may name: every field but the personal ones, which are tokens and compare to nothing."""
    return {name: kind_of(spec) for name, spec in contract.columns.items() if name not in contract.personal}


def check(contract: Contract, name: str) -> Expression:
    """The parsed check of that name."""
    return parse_condition(contract.checks[name].that, names_of(contract))


def check_sql(contract: Contract, name: str, dialect: Dialect, column: Column | None = None) -> str:
    """SQL of a check: true where an event passes it or it does not apply, false otherwise, never null.

    `column` gives the SQL of a field, of the field's own type (bigint for fen, date for date ...).
    """
    return check(contract, name).condition(dialect, column)


def unique_filter(contract: Contract, name: str) -> Expression | None:
    """The parsed `where` of a rule of uniqueness, over the event's fields; None where it is about all."""
    where = contract.unique[name].where
    return None if where is None else parse_condition(where, names_of(contract))


def rule_names(contract: Contract, rule: DayRule) -> Names:
    """What the `that` of a day rule may name: its measures, its dimensions and its reference's columns."""
    measures = contract.metrics[rule.metric].measures if rule.metric is not None else rule.measures
    dimensions = {name: kind_of(contract.columns[name]) for name in rule.by if name not in contract.personal}
    looked_up = reference_names(rule.reference) if rule.reference is not None else {}
    return {**looked_up, **dimensions, **dict.fromkeys(measures, _NUMBER)}


def reference_names(table: str) -> Names:
    """Columns of a reference table: a number where every value is one and it is no code, otherwise text."""
    key = reference.columns(table)[0]
    return {
        column: "number"
        if column != key
        and not _CODE.search(column)
        and all(_is_number(row[column]) for row in reference.rows(table))
        else "text"
        for column in reference.columns(table)
    }


def rule_condition(contract: Contract, name: str) -> Expression:
    """The parsed `that` of a day rule that has one."""
    rule = contract.day_rules[name]
    if rule.that is None:
        raise ValueError(f"the day rule {name} has no 'that'")
    return parse_condition(rule.that, rule_names(contract, rule))


def rule_filter(contract: Contract, name: str) -> Expression | None:
    """The parsed `where` of a day rule, over the event's fields; None where it takes all events."""
    where = contract.day_rules[name].where
    return None if where is None else parse_condition(where, names_of(contract))


_NUMBER: Kind = "number"


def _is_number(text: str) -> bool:
    """012 is a text."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and str(int(text)) == text


_MOST_DIGITS = 12
_CODE = re.compile(r"(?:\A|_)(?:code|id|no|division|township|parent)\Z")
"""Columns whose digits name something: 330302 is a division, not three hundred thousand of anything."""
