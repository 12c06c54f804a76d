"""Rules for fields, the topic's key and checks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from streams.contract import checks, patterns
from streams.contract.expressions import ExpressionError
from streams.contract.model import Contract, FieldSpec
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.types import NAMED_TYPES, NamedType

OPTIONS = ("pattern", "range", "values", "max_length", "pii")
RESERVED = frozenset({"minute", "event_day", "revision", "published_at", "hour"})
"""Columns that every metric table has, and the hour that the simulator knows."""

MAX_VALUES, MAX_VALUE_LENGTH = 500, 64


def complaints(contract: Contract) -> Iterator[Complaint]:
    """Every field by itself, and titles against each other."""
    titles: dict[str, str] = {}
    for name, spec in contract.fields.items():
        path: Path = ("fields", name)
        if name in RESERVED:
            yield about(
                path, f"'{name}' is a name of the platform's own", "another name", "Call it by its subject."
            )
        if spec.title in titles:
            what = f"the title '{spec.title}' is that of '{titles[spec.title]}' too"
            yield about(
                (*path, "title"), what, "a title of its own", "Importers find fields by their titles."
            )
        titles.setdefault(spec.title, name)
        named = NAMED_TYPES.get(spec.type)
        if named is None:
            remedy = did_you_mean(spec.type, NAMED_TYPES)
            yield about((*path, "type"), f"unknown type '{spec.type}'", one_of(NAMED_TYPES), remedy)
        else:
            yield from _options(path, spec, named)
            yield from _range(path, spec, named)
            yield from _values(path, spec)
            yield from _pattern(path, spec)


def topic_complaints(contract: Contract) -> Iterator[Complaint]:
    """The key is the place: a text that every event has, and nobody's personal number."""
    key, path = contract.topic.key, ("topic", "key")
    spec = contract.fields.get(key)
    places = [name for name, field in contract.fields.items() if _may_be_key(field)]
    if spec is None:
        yield about(path, f"no field '{key}'", one_of(places), did_you_mean(key, places))
    elif not _may_be_key(spec):
        yield about(path, f"'{key}' may be absent, is personal or is not a text", one_of(places))


def check_complaints(contract: Contract) -> Iterator[Complaint]:
    """Every check can be parsed and computed."""
    titles: set[str] = set()
    for name, check in contract.checks.items():
        path: Path = ("checks", name)
        if check.title in titles:
            yield about(
                (*path, "title"), f"'{check.title}' is another check's title too", "a title of its own"
            )
        titles.add(check.title)
        try:
            checks.check(contract, name)
        except ExpressionError as error:
            personal = next((field for field in contract.personal if f"'{field}'" in error.what), None)
            if personal is not None:
                what = f"'{personal}' is personal and arrives as a token"
                yield about(
                    (*path, "that"), what, "fields that are not personal", "Count it instead: of: distinct"
                )
            else:
                yield about_expression((*path, "that"), error)


def _may_be_key(spec: FieldSpec) -> bool:
    return not spec.optional and spec.pii is None and NAMED_TYPES[spec.type].duckdb == "VARCHAR"


def _options(path: Path, spec: FieldSpec, named: NamedType) -> Iterator[Complaint]:
    for option in OPTIONS:
        given = getattr(spec, option) is not None
        if given and option not in named.options:
            allowed = ", ".join(sorted(named.options)) or "no option"
            remedy = "Only identifiers of persons are tokenised." if option == "pii" else ""
            yield about((*path, option), f"type {named.name} has no {option}", allowed, remedy)
        if not given and option in named.needs:
            remedy = "Personal identifiers never enter Kafka: add pii: tokenise." if option == "pii" else ""
            yield about(path, f"type {named.name} needs {option}", f"the key '{option}'", remedy)


def _range(path: Path, spec: FieldSpec, named: NamedType) -> Iterator[Complaint]:
    if spec.range is None or named.range is None:
        return
    low, high = spec.range
    own_low, own_high = named.range
    where = (*path, "range")
    if low > high:
        yield about(
            where, f"[{low}, {high}] holds no value", "the lower bound first", f"Write [{high}, {low}]."
        )
    elif low < own_low or high > own_high:
        yield about(where, f"[{low}, {high}]", f"bounds within {own_low} and {own_high} (type {named.name})")
    if named.json == "integer" and any(isinstance(bound, Decimal) for bound in spec.range):
        yield about(where, f"[{low}, {high}]", f"whole numbers (type {named.name})", "Use a smaller unit.")


def _values(path: Path, spec: FieldSpec) -> Iterator[Complaint]:
    if spec.values is None:
        return
    where = (*path, "values")
    if not 1 <= len(spec.values) <= MAX_VALUES:
        yield about(
            where, f"{len(spec.values)} values", f"1 to {MAX_VALUES}", "Use type text with a pattern."
        )
    labels: dict[str, str] = {}
    for value, label in spec.values.items():
        if (
            not value.strip()
            or value != value.strip()
            or len(value) > MAX_VALUE_LENGTH
            or not value.isprintable()
        ):
            yield about(
                (*where, value), f"the value {value!r}", f"1 to {MAX_VALUE_LENGTH} printable characters"
            )
        if label in labels:
            what = f"'{label}' is the label of '{labels[label]}' too"
            yield about((*where, value), what, "a label of its own", "Operators could not tell them apart.")
        labels.setdefault(label, value)


def _pattern(path: Path, spec: FieldSpec) -> Iterator[Complaint]:
    if spec.pattern is not None and (refused := patterns.refusal(spec.pattern)) is not None:
        what, remedy = refused
        yield about((*path, "pattern"), what, "a whole-value pattern that RE2 and Java read alike", remedy)
