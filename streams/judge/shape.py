"""Whether a document holds what was parsed of it and nothing else: no unknown or doubled key, no null.

A member cannot be written shorter than `"name":value` and a comma. If the document is exactly as long as all
that was found, nothing else is in it. That is cheap, and settles what compact serialisers write; otherwise
the keys are counted, and a comma before a bracket (which DuckDB lets pass, and JSON does not) is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.rendering import quoted
from streams.contract.types import NAMED_TYPES
from streams.judge import sql

ATTRIBUTES = ("specversion", "type", "id", "source", "time", "datacontenttype")
EXTENSIONS = ("subject", "sequence", "traceparent", "dataschema")
"""Optional attributes that senders do use; an event with another one is judged the slow way."""

_REQUIRED = ("specversion", "type", "id", "source", "time")
_MAYBE = ("datacontenttype", *EXTENSIONS)


def leaves(contract: Contract) -> Iterator[tuple[str, tuple[str, ...], FieldSpec]]:
    """(flat name, its path in `data`, its column's spec) of every field but lists and what is in them."""
    for name, spec in contract.fields.items():
        if spec.type == "object":
            for key in spec.fields:
                yield f"{name}__{key}", (name, key), contract.columns[f"{name}__{key}"]
        elif spec.type != "list":
            yield name, (name,), spec


def raw(name: str) -> str:
    """The column that holds a field as from_json read it."""
    return quoted(f"_r_{name}")


def raw_items(name: str) -> str:
    """The column that holds a list as from_json read it: structs, one an item."""
    return quoted(f"_q_{name}")


def absent(name: str, spec: FieldSpec) -> str:
    """SQL, true where nothing of an object was found. It has a required field, so it is not there at all."""
    return f"coalesce({', '.join(raw(f'{name}__{key}') for key in spec.fields)}) is null"


def whole(contract: Contract) -> str:
    """SQL, true where `_doc` holds what was parsed and nothing else; may be false where it does, too."""
    counted = _counted(contract)
    # A double is shown in another length than it was written; without a required field `data` may be
    # anything.
    required = any(not spec.optional for spec in contract.fields.values())
    if not required or any(NAMED_TYPES[spec.type].json == "number" for spec in _every_leaf(contract)):
        return counted
    return f"case when strlen(_doc) = {_length(contract)} then true else {counted} end"


def _every_leaf(contract: Contract) -> Iterator[FieldSpec]:
    for spec in contract.fields.values():
        yield from spec.fields.values() if spec.type in NESTED else (spec,)


def _length(contract: Contract) -> str:
    """How long the document is if it is compact and holds nothing else: an object is 1 and its members."""
    return " + ".join(
        (
            "2",
            str(len("data") + 4),
            *(_member(name, f"_a_{name}", quotes=2 if name == "time" else 0) for name in _REQUIRED),
            *(f"coalesce({_member(name, f'_a_{name}')}, 0)" for name in _MAYBE),
            *(_length_of(name, spec) for name, spec in contract.fields.items()),
        )
    )


def _member(name: str, column: str, *, quotes: int = 0) -> str:
    """The length of `"name":value,`."""
    return f"strlen({column}) + {len(name) + 4 + quotes}"


def _length_of(name: str, spec: FieldSpec) -> str:
    if spec.type == "object":
        inner = " + ".join(
            _length_of_value(key, each, raw(f"{name}__{key}")) for key, each in spec.fields.items()
        )
        length = f"{len(name) + 5} + {inner}"
        return f"case when {absent(name, spec)} then 0 else {length} end" if spec.optional else length
    if spec.type == "list":
        items = raw_items(name)
        inner = " + ".join(
            _length_of_value(key, each, f"{sql.of_item(key)}::varchar") for key, each in spec.fields.items()
        )
        # Two brackets, and a comma after every item but the last.
        length = f"{len(name) + 5} + greatest({sql.total(items, f'2 + {inner}')}, 1)"
        return f"case when {items} is null then 0 else {length} end" if spec.optional else length
    return _length_of_value(name, spec, raw(name))


def _length_of_value(name: str, spec: FieldSpec, column: str) -> str:
    length = _member(name, column, quotes=2 if sql.is_a_text_by_itself(spec) else 0)
    return f"coalesce({length}, 0)" if spec.optional else length


def _counted(contract: Contract) -> str:
    """The same by counting keys."""
    present = " + ".join(("6", *(f"(_a_{name} is not null)::int" for name in _MAYBE)))
    conditions = [
        f"len(json_keys(_doc)) = {present}",
        f"len(json_keys(_doc, '$.data')) = {_written('$.data', contract.fields)}",
        "not regexp_matches(_doc, ',\\s*[\\]}]')"
        if contract.lists
        else "not regexp_matches(_doc, ',\\s*\\}')",
    ]
    if all(spec.optional for spec in contract.fields.values()):
        conditions.append("json_type(_doc, '$.data') = 'OBJECT'")
    for name, spec in contract.fields.items():
        path = f"$.data.{name}"
        nothing = f"coalesce(json_type(_doc, '{path}') = 'NULL', true)"
        if spec.type == "object":
            keys = f"len(json_keys(_doc, '{path}')) = {_written(path, spec.fields)}"
            conditions.append(
                f"case when {absent(name, spec)} then {nothing} else {keys} end" if spec.optional else keys
            )
        elif spec.type == "list":
            keys = _keys_of_items(name, spec)
            conditions.append(
                f"case when {raw_items(name)} is null then {nothing} else {keys} end"
                if spec.optional
                else keys
            )
    return " and ".join(f"({condition})" for condition in conditions)


def _written(path: str, fields: Mapping[str, FieldSpec]) -> str:
    """SQL of how many keys the object at `path` has if it has no others."""
    written = str(sum(not spec.optional for spec in fields.values()))
    optional = [f"{path}.{name}" for name, spec in fields.items() if spec.optional]
    if optional:
        # An optional field that is written as null is there too, as far as keys are counted.
        written += f" + list_count(json_extract(_doc, [{sql.any_of(optional)}]))"
    return written


def _keys_of_items(name: str, spec: FieldSpec) -> str:
    """SQL, true where the items have as many keys as were read from them."""
    known = [f"({sql.of_item(key)} is not null)::int" for key in spec.fields]
    found = sql.total(f"json_extract(_doc, '$.data.{name}[*]')", "len(json_keys(x))")
    return f"{found} = {sql.total(raw_items(name), ' + '.join(known))}"
