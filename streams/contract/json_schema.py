"""JSON Schema (2020-12) of an event, for HTTP clients and for the gateway's OpenAPI page.

A schema says what one value may be; checks over several fields and checksums are beyond it and stand in the
description. Personal fields are described as clients send them, not as tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, max_length_of, range_of, values_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def event_schema(contract: Contract) -> Schema:
    """Schema of a whole CloudEvents 1.0 event in structured JSON."""
    return {
        "$schema": DIALECT,
        "title": contract.title,
        "description": contract.about,
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {
                "type": "string",
                "minLength": 1,
                "description": "unique within `source`; a resend repeats it",
            },
            "source": {"type": "string", "format": "uri-reference", "minLength": 1},
            "type": {"const": contract.source},
            "time": {"type": "string", "format": "date-time", "description": "when it happened, with offset"},
            "datacontenttype": {"const": "application/json"},
            "data": data_schema(contract),
        },
    }


def data_schema(contract: Contract) -> Schema:
    """Schema of the event's `data`."""
    schema = _members(contract.fields)
    told = [f"{check.title}（{check.that}）" for check in contract.checks.values()]
    told += [rule.title for rule in contract.unique.values()]
    if told:
        schema["description"] = "；".join(told)
    return schema


def _members(fields: Mapping[str, FieldSpec]) -> Schema:
    return {
        "type": "object",
        "required": [name for name, spec in fields.items() if not spec.optional],
        "properties": {name: field_schema(spec) for name, spec in fields.items()},
        "additionalProperties": False,
    }


def field_schema(spec: FieldSpec) -> Schema:
    """Schema of one field; an optional one may also be null."""
    if spec.type in NESTED:
        return _nested_schema(spec)
    named = NAMED_TYPES[spec.type]
    schema: Schema = {"title": spec.title, "type": [named.json, "null"] if spec.optional else named.json}
    if spec.about:
        schema["description"] = spec.about
    values = list(values_of(spec))
    if values:
        schema["enum"] = [*values, None] if spec.optional else values
        schema["x-labels"] = dict(values_of(spec))
        return schema
    if pattern := spec.pattern or named.pattern:
        schema["pattern"] = f"^(?:{pattern})$"
    if bounds := range_of(spec):
        schema["minimum"], schema["maximum"] = (_number(bound) for bound in bounds)
    if longest := max_length_of(spec):
        schema["maxLength"] = longest
    if named.personal:
        schema["writeOnly"] = True
    return schema


def _nested_schema(spec: FieldSpec) -> Schema:
    schema = _members(spec.fields)
    if spec.type == "list":
        schema = {"type": "array", "items": schema, "maxItems": spec.most_items}
    if spec.optional:
        schema["type"] = [schema["type"], "null"]
    schema["title"] = spec.title
    if spec.about:
        schema["description"] = spec.about
    return schema


def _number(bound: Any) -> int | float:
    return bound if isinstance(bound, int) else float(bound)
