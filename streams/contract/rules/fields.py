"""Rules for fields, the topic's key and checks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from streams.contract import checks, patterns
from streams.contract.expressions import ExpressionError
from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.rules.complaint import Complaint, about, about_expression
from streams.contract.strict_yaml import Path
from streams.contract.suggestions import did_you_mean, one_of
from streams.contract.types import NAMED_TYPES, NamedType, max_length_of

OPTIONS = ("pattern", "range", "values", "max_length", "pii")
RESERVED = frozenset({
    "minute", "event_day", "revision", "published_at", "hour",
    "cmax", "cmin", "ctid", "tableoid", "xmax", "xmin",
})  # fmt: skip
"""Columns that every metric table has, the hour that the simulator knows, and PostgreSQL's system columns."""
ENVELOPE = frozenset({
    "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "data",
})  # fmt: skip
"""Attributes that every event has or may have: a field of that name is taken for one of them."""

RESERVED_NESTED = frozenset({"check", "events", "in", "one", "rule", "source", "unique"})
"""Objects and lists of these names would make columns that the platform has: check__<name>, one__row ..."""
MAX_FLAT_NAME = 60
"""Characters of `<object>__<field>`, so that it can be a column in PostgreSQL."""

MAX_VALUES, MAX_VALUE_LENGTH = 500, 64
MAX_INNER = 30


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
        yield from _nested(path, spec) if spec.type in NESTED else _field(path, spec)


def _field(path: Path, spec: FieldSpec) -> Iterator[Complaint]:
    """A field that is no object and no list."""
    for key in ("fields", "max_items"):
        if getattr(spec, key):
            remedy = f"Write type: {'list' if key == 'max_items' else 'object, or type: list'}."
            yield about((*path, key), f"type {spec.type} has no {key}", "type object or list", remedy)
    named = NAMED_TYPES.get(spec.type)
    if named is None:
        known = [*NAMED_TYPES, *NESTED]
        remedy = did_you_mean(spec.type, known)
        yield about((*path, "type"), f"unknown type '{spec.type}'", one_of(known), remedy)
        return
    yield from _options(path, spec, named)
    yield from _range(path, spec, named)
    yield from _values(path, spec)
    yield from _pattern(path, spec)


def _nested(path: Path, spec: FieldSpec) -> Iterator[Complaint]:
    """An object or a list: fields of its own, one level deep, one of them in every one."""
    name = str(path[-1])
    if name in RESERVED_NESTED:
        yield about(path, f"'{name}' is a name of the platform's own", "another name", "Say of what it is.")
    for option in OPTIONS:
        if getattr(spec, option) is not None:
            what = f"type {spec.type} has no {option}"
            yield about((*path, option), what, "it at a field within", f"Move it into {name}.fields.")
    if spec.max_items is not None and spec.type == "object":
        yield about((*path, "max_items"), "type object has no max_items", "type list", "Drop it.")
    if not 1 <= len(spec.fields) <= MAX_INNER:
        what = f"{len(spec.fields)} fields within"
        yield about(path, what, f"1 to {MAX_INNER} under 'fields'", "Name what it is made of.")
        return
    if all(inner.optional for inner in spec.fields.values()):
        remedy = "Make the one required without which it says nothing."
        yield about((*path, "fields"), "every field within is optional", "one that is required", remedy)
    titles: dict[str, str] = {}
    for key, inner in spec.fields.items():
        where: Path = (*path, "fields", key)
        if inner.type in NESTED:
            remedy = "Put its fields beside the others, or send an event of its own for each."
            yield about((*where, "type"), f"type {inner.type} within type {spec.type}", "one level", remedy)
            continue
        if inner.title in titles:
            what = f"the title '{inner.title}' is that of '{titles[inner.title]}' too"
            yield about((*where, "title"), what, "a title of its own")
        titles.setdefault(inner.title, key)
        if len(f"{name}__{key}") > MAX_FLAT_NAME:
            what = f"'{name}__{key}' has {len(name) + 2 + len(key)} characters"
            yield about(where, what, f"at most {MAX_FLAT_NAME}", "Shorten one of the two names.")
        yield from _field(where, inner)


def topic_complaints(contract: Contract) -> Iterator[Complaint]:
    """The key is the place: a text that every event has, and nobody's personal number."""
    key, path = contract.topic.key, ("topic", "key")
    # The key is taken from an event before anybody has looked into it: it stands at the top.
    top = {name: spec for name, spec in contract.fields.items() if spec.type not in NESTED}
    spec = top.get(key)
    places = [name for name, field in top.items() if _may_be_key(field)]
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
            yield about_expression((*path, "that"), error, contract.personal)


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
    if spec.pattern is None:
        return
    if (refused := patterns.refusal(spec.pattern)) is not None:
        what, remedy = refused
        yield about((*path, "pattern"), what, "a whole-value pattern that RE2 and Java read alike", remedy)
        return
    longest = max_length_of(spec) or 0
    if (steps := patterns.worst_steps(spec.pattern, longest)) > patterns.MOST_STEPS:
        what = f"{steps:.0e} steps to find that a text of {longest} characters does not match"
        expected = f"at most {patterns.MOST_STEPS:.0e}"
        yield about((*path, "pattern"), what, expected, "Say how long its parts are, or shorten max_length.")
