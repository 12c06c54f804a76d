"""What a contract says of the items of a list, asked of all items of an event at once, in Spark.

Each clause becomes a boolean column: true where every item passes, null where there is no list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import great_expectations.expectations as gxe
import sqlglot

from expectations import wording
from expectations.rule import Rule, rule
from spark_jobs.rollup.fields import items, typed_sql
from streams.contract.model import Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.tokens import TOKEN_PATTERN


class _Clause(NamedTuple):
    """`holds`: Spark SQL of the item `x`, true or false where the field is there."""

    what: str
    title: str
    holds: str
    required: bool = False


def item_rules(contract: Contract) -> Iterator[Rule]:
    """One rule for each clause about a field within a list; over the columns of `asked`."""
    for name, key, clause in _clauses(contract):
        yield rule(
            f"{name}[].{key}.{clause.what}",
            clause.title,
            gxe.ExpectColumnValuesToBeInSet,
            column=_column(name, key, clause),
            value_set=[True],
        )


def asked(contract: Contract) -> dict[str, str]:
    """Column -> Spark SQL over `events` (see spark_jobs.rollup.fields)."""
    found = {}
    for name, key, clause in _clauses(contract):
        there = f"x.`{key}` is not null"
        holds = there if clause.required else f"(not ({there}) or coalesce({clause.holds}, false))"
        found[_column(name, key, clause)] = f"forall(`{items(name)}`, x -> {holds})"
    return found


def _column(name: str, key: str, clause: _Clause) -> str:
    return f"{name}__{key}__{clause.what}"


def _clauses(contract: Contract) -> Iterator[tuple[str, str, _Clause]]:
    for name, spec in contract.lists.items():
        for key, inner in spec.fields.items():
            title = f"{spec.title}·{inner.title}"
            if not inner.optional:
                yield name, key, _Clause("required", wording.text(wording.REQUIRED, title=title), "", True)
            for clause in _of_value(key, inner, title):
                yield name, key, clause


def _of_value(key: str, spec: FieldSpec, title: str) -> Iterator[_Clause]:
    named, text = NAMED_TYPES[spec.type], f"x.`{key}`"
    if spec.pii is not None:
        yield _Clause("token", wording.text(wording.PSEUDONYM, title=title), _matches(text, TOKEN_PATTERN))
        return
    value = typed_sql(text, named.spark)
    patterns = [pattern for pattern in (spec.pattern, named.pattern) if pattern]
    if patterns:
        holds = " and ".join(_matches(text, pattern) for pattern in patterns)
        yield _Clause("pattern", wording.text(wording.PATTERN, title=title), holds)
    if values := values_of(spec):
        listed = ", ".join(map(_literal, values))
        yield _Clause("known", wording.text(wording.KNOWN, title=title), f"{text} in ({listed})")
    if bounds := range_of(spec):
        low, high = bounds
        words = wording.text(wording.RANGE, title=title, low=low, high=high)
        yield _Clause("range", words, f"{value} between {low} and {high}")
    if length := max_length_of(spec):
        words = wording.text(wording.LENGTH, title=title, length=length)
        yield _Clause("length", words, f"char_length({text}) <= {length}")
    if named.spark in ("date", "timestamp"):
        yield _Clause("sound", wording.text(wording.SOUND, title=title), f"{value} is not null")
    elif checksum := named.checksum_sql(f'x."{key}"'):
        right = sqlglot.transpile(checksum, read="duckdb", write="spark")[0]
        yield _Clause("sound", wording.text(wording.SOUND, title=title), right)


def _matches(text: str, pattern: str) -> str:
    whole = rf"\A(?:{pattern})\z"
    return f"{text} rlike {_literal(whole)}"


def _literal(text: str) -> str:
    """A text in Spark SQL, which reads \\ as an escape."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
