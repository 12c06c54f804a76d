"""A contract's rules as SQL conditions, each with the code of the reason that a row which fails it gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streams.contract import checks
from streams.contract.model import Contract, FieldSpec
from streams.contract.patterns import full_match
from streams.contract.rendering import quoted
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of
from streams.judge import sql
from streams.judge.mask import DIGITS
from streams.tokens import TOKEN_PATTERN

# Eleven digits with little between them, as a mobile number has; wider than what mask.py looks for.
_MANY_DIGITS = f"[{DIGITS}](?:[^{DIGITS}]{{0,3}}[{DIGITS}]){{10}}"


@dataclass(frozen=True)
class Rule:
    """`holds` is true where a row passes; null where the value is absent, no fault of this rule's."""

    code: str
    field: str | None
    holds: str


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """Every rule on a value, in the order of the contract's fields, then its checks."""
    of_fields = (rule for name, spec in contract.fields.items() for rule in _of_field(name, spec))
    of_checks = (
        Rule(f"check:{name}", None, checks.check_sql(contract, name, "duckdb", quoted))
        for name in contract.checks
    )
    return (*of_fields, *of_checks)


def _of_field(name: str, spec: FieldSpec) -> Iterator[Rule]:
    text, named = sql.text_of(name), NAMED_TYPES[spec.type]
    if spec.pii is not None:
        yield Rule("untokenised", name, full_match(text, TOKEN_PATTERN))
        return
    if named.json == "string":
        yield from _of_text(name, spec)
    bounds = range_of(spec)
    if bounds is not None:
        yield Rule("out_of_range", name, f"{quoted(name)} between {bounds[0]} and {bounds[1]}")


def _of_text(name: str, spec: FieldSpec) -> Iterator[Rule]:
    text, named = sql.text_of(name), NAMED_TYPES[spec.type]
    form = named.format_sql(text)
    allowed = values_of(spec)
    longest = max_length_of(spec)
    if allowed:
        # The values have the form of their type; what is none of them needs no second reason.
        yield Rule("not_in_enum", name, f"{text} in ({sql.any_of(allowed)})")
        return
    if longest is not None:
        yield Rule("too_long", name, f"length({text}) <= {longest}")
    if form is not None:
        # A rule on an absent value does not apply; `... is not null` in a form would say that it fails.
        yield Rule("bad_pattern", name, f"({text} is null or ({form}))")
    if spec.pattern is not None:
        yield Rule("bad_pattern", name, full_match(text, spec.pattern))
    if named.checksum is not None:
        yield Rule("bad_checksum", name, f"(not ({form or 'true'}) or {named.checksum_sql(text)})")


def may_hide_a_person(spec: FieldSpec) -> bool:
    """Free text can hold a number of a person that nothing else looks for."""
    return spec.type == "text" and spec.pattern is None


def surely_nobody(name: str) -> str:
    """SQL, true where a free text is too poor in digits to name a person; where not, mask.py looks closer."""
    return f"not regexp_matches({sql.text_of(name)}, '{_MANY_DIGITS}')"
