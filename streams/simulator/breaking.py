"""Values that break a contract's check while each of them alone is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from random import Random
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES, range_of, values_of
from streams.simulator.values import Column, as_value

SAMPLES = 12
"""Values of each field, taken from right events, that are tried with each other."""

OTHERS = 6
"""Values of each field that its type makes: a day before and a day after, true and false."""

MOST_COMBINATIONS = 50_000


def breaking_values(contract: Contract, check: str, columns: Mapping[str, Column]) -> list[dict[str, Any]]:
    """Up to 64 combinations of values of the check's fields for which it is false; none if there are none.

    `columns` are right events, from which ordinary values are taken beside the bounds of each field.
    """
    that = contract.checks[check].that
    fields = sorted(
        {column.name for column in sqlglot.parse_one(that, dialect="duckdb").find_all(exp.Column)}
    )
    combinations = list(product(*(_candidates(contract, field, columns[field]) for field in fields)))
    if not combinations or not fields:
        return []
    stride = -(-len(combinations) // MOST_COMBINATIONS)
    tried = combinations[::stride]
    broken = _false(contract, that, fields, tried)
    picked = broken[:: -(-len(broken) // 64)] if broken else []
    return [dict(zip(fields, tried[place], strict=True)) for place in picked]


def _false(
    contract: Contract, that: str, fields: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> list[int]:
    """Places of the rows for which the check is false (not null)."""
    casts = ", ".join(
        f'try_cast("{field}" as {NAMED_TYPES[contract.columns[field].type].duckdb}) as "{field}"'
        for field in fields
    )
    names = ", ".join(f'unnest(${number}) as "{field}"' for number, field in enumerate(fields, 1))
    texts = [[_text(row[place]) for row in rows] for place in range(len(fields))]
    query = (
        f"with given as (select unnest(range({len(rows)})) as place, {names}),"  # noqa: S608 (the contract's own SQL)
        f" typed as (select place, {casts} from given)"
        f" select place from typed where try(not ({that})) order by place"
    )
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set timezone = 'Asia/Shanghai'")
        return [place for (place,) in connection.execute(query, texts).fetchall()]


def _candidates(contract: Contract, field: str, column: Column) -> list[Any]:
    spec = contract.columns[field]
    seen = list(dict.fromkeys(value for value in column[:SAMPLES].tolist() if value is not None))
    listed = [as_value(spec, text) for text in list(values_of(spec))[:SAMPLES]]
    bounds = [as_value(spec, str(bound)) for bound in range_of(spec) or ()]
    absent = [None] if spec.optional else []
    named = NAMED_TYPES[spec.type]
    random = Random(field)  # noqa: S311 (repeatable)
    others = [] if spec.pii or named.number else [named.make(random, spec) for _ in range(OTHERS)]
    return list(dict.fromkeys([*seen, *listed, *bounds, *absent, *others]))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
