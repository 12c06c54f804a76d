"""The fast statement: everything right, or not; said of many events at once by DuckDB.

It may fail what is right (that is then judged the slow way), but it never passes what reading.py and the
rules would not. So it is narrower: ids of printable ASCII, whole numbers written as such, no escapes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from streams.contract.model import Contract, FieldSpec
from streams.contract.patterns import full_match
from streams.contract.rendering import quoted
from streams.contract.types import NAMED_TYPES
from streams.envelope import MAX_TEXT
from streams.judge import columns, shape, sql
from streams.judge.identifiers import HARMLESS_TEXT, HARMLESS_URI, HASH, SUSPICIOUS
from streams.judge.rules import Rule, may_hide_a_person, surely_nobody
from streams.judge.sql import DECIMAL, MAX_BYTES, ROWS


def statement(contract: Contract, rules: tuple[Rule, ...], slots: dict[str, str]) -> str:
    """SQL over _received and _value: `_ok` and the outputs, one row for each."""
    attributes = (*shape.ATTRIBUTES, *shape.EXTENSIONS)
    document = {
        **{name: "VARCHAR" if name == "time" else "JSON" for name in attributes},
        "data": {name: _json_shape(spec) for name, spec in contract.fields.items()},
    }
    parsed = [f"_j.{name}::varchar as _a_{name}" for name in attributes]
    texts = [
        f"{sql.unquoted('_a_id')} as _id",
        f"{sql.unquoted('_a_source')} as _source",
        "_a_time as _time",
        f"{sql.unquoted('_a_dataschema')} as _schema",
    ]
    for name, path, spec in shape.leaves(contract):
        parsed.append(f"_j.data.{'.'.join(map(quoted, path))}::varchar as {shape.raw(name)}")
        texts.append(f"{_text(spec, shape.raw(name))} as {sql.text_of(name)}")
    for name, spec in contract.lists.items():
        parsed.append(f"_j.data.{quoted(name)} as {shape.raw_items(name)}")
        item = ", ".join(f"{quoted(key)}: {_text(inner, _raw(key))}" for key, inner in spec.fields.items())
        texts.append(f"{sql.each(shape.raw_items(name), '{' + item + '}')} as {sql.items_of(name)}")
    right = " and ".join((*_envelope(contract), *_values(contract, rules), f"({shape.whole(contract)})"))
    return f"""
with whole as (
    select _received, case when strlen(_value) <= {MAX_BYTES} and json_valid(_value) then _value end as _doc
    from {ROWS}
), parsed as (
    select _received, _doc, from_json(_doc, {sql.literal(json.dumps(document))}) as _j from whole
), flat as (
    select _received, _doc, {", ".join(parsed)} from parsed
), texts as (
    select *, {", ".join(texts)} from flat
), {columns.typed(contract, "texts")}
select coalesce({right}, false) as _ok, {", ".join(columns.outputs(contract, slots))} from typed"""  # noqa: S608 (of a checked contract, quoted)


def _json_shape(spec: FieldSpec) -> object:
    """What from_json is to read a field as."""
    if spec.type == "object":
        return {key: _json_shape(inner) for key, inner in spec.fields.items()}
    if spec.type == "list":
        return [{key: _json_shape(inner) for key, inner in spec.fields.items()}]
    return "VARCHAR" if sql.is_a_text_by_itself(spec) else "JSON"


def _raw(key: str) -> str:
    """SQL of a field of the item `x` as JSON has it."""
    return f"{sql.of_item(key)}::varchar"


def _text(spec: FieldSpec, raw: str) -> str:
    """SQL of a value as text, from what from_json made of it."""
    by_itself = sql.is_a_text_by_itself(spec) or NAMED_TYPES[spec.type].json != "string"
    return raw if by_itself else sql.unquoted(raw)


def _envelope(contract: Contract) -> list[str]:
    """Conditions for an envelope that streams.envelope would find nothing wrong with; narrower than that."""
    # All texts in one: preparing an expression for a batch costs more than asking it of many rows.
    texts = f"concat({', '.join(f'_a_{name}' for name in ('id', *shape.EXTENSIONS))})"
    return [
        "_a_specversion = '\"1.0\"'",
        f"_a_type = '\"{contract.source}\"'",
        "coalesce(_a_datacontenttype = '\"application/json\"', true)",
        f"strlen(_a_id) <= {MAX_TEXT}",
        *(f"coalesce(strlen(_a_{name}) <= {MAX_TEXT}, true)" for name in shape.EXTENSIONS),
        _identifier(texts, sql.PLAIN_TEXT, HARMLESS_TEXT),
        f"strlen(_a_source) <= {MAX_TEXT}",
        _identifier("_a_source", sql.PLAIN_URI, HARMLESS_URI),
        full_match("_time", sql.PLAIN_TIME),
    ]


def _identifier(column: str, plain: str, harmless: str) -> str:
    """JSON texts, one after the other, of that form and in which no number of a person can be."""
    suspicious = f"regexp_matches({column}, {sql.literal(SUSPICIOUS)})"
    hashed = full_match(column, f"(?:{harmless}|{HASH})+")
    return (
        f"case when {full_match(column, f'(?:{harmless})+')} then true"
        f" when not {full_match(column, f'(?:{plain})+')} then false"
        f" when {suspicious} then {hashed} else true end"
    )


def _values(contract: Contract, rules: tuple[Rule, ...]) -> list[str]:
    """Conditions for data in which every value is there, of its type, and passes its rules."""
    conditions = [*_forms_of_columns(contract), *_forms_of_lists(contract)]
    optional = {name for name, spec in contract.columns.items() if spec.optional}
    for rule in rules:
        absent = rule.within is None and rule.field in optional
        conditions.append(f"coalesce({rule.kept()}, true)" if absent else rule.kept())
    return conditions


def _forms_of_columns(contract: Contract) -> Iterator[str]:
    for name, path, spec in shape.leaves(contract):
        raw = shape.raw(name)
        form = _form(spec, raw, sql.text_of(name), quoted(name))
        outer = contract.fields[path[0]]
        if len(path) == 1 or not outer.optional:
            absent = f"{raw} is null" if spec.optional else None
        else:
            inner = outer.fields[path[1]]
            absent = f"{raw} is null" if inner.optional else shape.absent(path[0], outer)
        # What is there and cannot be read is null too: only what is absent may be.
        yield f"({absent} or coalesce({form}, false))" if absent else form


def _forms_of_lists(contract: Contract) -> Iterator[str]:
    for name, spec in contract.lists.items():
        items = shape.raw_items(name)
        forms = []
        for key, inner in spec.fields.items():
            text = _text(inner, _raw(key))
            form = f"coalesce({_form(inner, _raw(key), text, sql.typed(inner, text))}, false)"
            forms.append(f"({_raw(key)} is null or {form})" if inner.optional else form)
        right = f"not coalesce(list_contains({sql.each(items, ' and '.join(forms))}, false), false)"
        right = f"len({items}) <= {spec.most_items} and {right}"
        yield f"({items} is null or ({right}))" if spec.optional else f"({right})"


def _form(spec: FieldSpec, raw: str, text: str, value: str) -> str:
    """SQL, true where a value is of its type and written plainly; `raw`: as from_json read it."""
    match NAMED_TYPES[spec.type].json:
        case "string" if not sql.is_a_text_by_itself(spec):
            form = sql.unstructured(raw)
        case "string":
            form = f"not contains({text}, chr(0))" if spec.type == "text" else f"{text} is not null"
        case "integer":
            form = f"{value}::varchar = {text}"
        case "boolean":
            form = f"{text} in ('true', 'false')"
        case _:
            form = f"({full_match(text, DECIMAL)} and {value} is not null)"
    return f"({form} and {surely_nobody(text)})" if may_hide_a_person(spec) else form
