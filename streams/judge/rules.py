"""A contract's rules as SQL conditions, each with the code of the reason that a row which fails it gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

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
    """`holds` is true where a row passes; null where the value is absent, no fault of this rule's.

    `within`: the list whose items the rule is about. `holds` is then of an item `x` of
    `sql.items_of(within)`, and `field` is the name that it has in an item.
    """

    code: str
    field: str | None
    holds: str
    within: str | None = None

    def verdict(self) -> str:
        """SQL of whether it is kept: a boolean, of a list one for each item; null where there is no list."""
        return f"coalesce({self.holds}, true)" if self.within is None else self._of_items()

    def kept(self) -> str:
        """SQL, true where it is broken nowhere in the row; null only where `holds` is."""
        if self.within is None:
            return f"({self.holds})"
        return f"not coalesce(list_contains({self._of_items()}, false), false)"

    def _of_items(self) -> str:
        return sql.each(sql.items_of(self.within or ""), f"coalesce({self.holds}, true)")


def rules_of(contract: Contract) -> tuple[Rule, ...]:
    """Every rule on a value, in the order of the contract's fields, then its checks."""
    of_checks = (
        Rule(f"check:{name}", None, checks.check_sql(contract, name, "duckdb", quoted))
        for name in contract.checks
    )
    return (*_of_columns(contract), *_of_lists(contract), *of_checks)


def _of_columns(contract: Contract) -> Iterator[Rule]:
    counts = {sql.count_of(name) for name in contract.lists}
    for name, spec in contract.columns.items():
        if name not in counts:  # whoever reads a list counts it
            yield from _of_field(name, spec, sql.text_of(name), quoted(name))


def _of_lists(contract: Contract) -> Iterator[Rule]:
    for name, spec in contract.lists.items():
        for key, inner in spec.fields.items():
            text = sql.of_item(key)
            for rule in _of_field(key, inner, text, sql.typed(inner, text)):
                yield replace(rule, within=name)


def _of_field(name: str, spec: FieldSpec, text: str, value: str) -> Iterator[Rule]:
    """`text` and `value` are the SQL of a field as text and in its type."""
    named = NAMED_TYPES[spec.type]
    if spec.pii is not None:
        yield Rule("untokenised", name, full_match(text, TOKEN_PATTERN))
        return
    if named.json == "string":
        yield from _of_text(name, spec, text)
    bounds = range_of(spec)
    if bounds is not None:
        yield Rule("out_of_range", name, f"{value} between {bounds[0]} and {bounds[1]}")


def _of_text(name: str, spec: FieldSpec, text: str) -> Iterator[Rule]:
    named = NAMED_TYPES[spec.type]
    form = named.format_sql(text)
    allowed = values_of(spec)
    longest = max_length_of(spec)
    if allowed:
        # The values have the form of their type; what is none of them needs no second reason.
        yield Rule("not_in_enum", name, sql.is_one_of(text, allowed))
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


def surely_nobody(text: str) -> str:
    """SQL, true where a free text is too poor in digits to name a person; where not, mask.py looks closer."""
    return f"not regexp_matches({text}, '{_MANY_DIGITS}')"
