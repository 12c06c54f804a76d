"""Avro schema (1.12) of a source's events as they stand in Kafka, envelope and data.

Values of an enum are texts: an Avro enum cannot gain a symbol without breaking those who read it, and a
contract's enum can. Personal fields are tokens here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import NAMED_TYPES, values_of

Schema = dict[str, Any]

_STRING: Schema = {"type": "string"}
_OF_DUCKDB: Mapping[str, Schema] = {
    "VARCHAR": _STRING,
    "BIGINT": {"type": "long"},
    "BOOLEAN": {"type": "boolean"},
    "DATE": {"type": "int", "logicalType": "date"},
    "TIMESTAMPTZ": {"type": "long", "logicalType": "timestamp-micros"},
    "DECIMAL(18,4)": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 4},
}


def avro_schema(contract: Contract) -> Schema:
    """The record `<source>` in namespace `minsheng`: CloudEvents attributes, then `data`."""
    envelope = {
        "specversion": "always 1.0",
        "id": "unique within source; a resend repeats it",
        "source": "who sent it",
        "type": "the contract's name",
    }
    return {
        "type": "record",
        "name": contract.source,
        "namespace": "minsheng",
        "doc": f"{contract.title}: {contract.about}",
        "fields": [
            *({"name": name, "type": "string", "doc": text} for name, text in envelope.items()),
            {"name": "time", "type": _OF_DUCKDB["TIMESTAMPTZ"], "doc": "when it happened"},
            {"name": "data", "type": _record(f"{contract.source}_data", contract.title, contract.fields)},
        ],
    }


def _record(name: str, title: str, fields: Mapping[str, FieldSpec]) -> Schema:
    written = [_field(f"{name}_{key}", key, spec) for key, spec in fields.items()]
    return {"type": "record", "name": name, "doc": title, "fields": written}


def _field(path: str, name: str, spec: FieldSpec) -> Schema:
    kind = _type(path, spec)
    field: Schema = {"name": name, "type": ["null", kind] if spec.optional else kind, "doc": _doc(spec)}
    return {**field, "default": None} if spec.optional else field


def _type(path: str, spec: FieldSpec) -> Any:
    if spec.type not in NESTED:
        named = _STRING if spec.pii else _OF_DUCKDB[NAMED_TYPES[spec.type].duckdb]
        return named["type"] if len(named) == 1 else named
    record = _record(path, spec.title, spec.fields)
    return record if spec.type == "object" else {"type": "array", "items": record}


def _doc(spec: FieldSpec) -> str:
    listed = (
        "" if spec.type in NESTED else "、".join(f"{key}={label}" for key, label in values_of(spec).items())
    )
    return "；".join(part for part in (spec.title, spec.about, listed, "令牌" if spec.pii else "") if part)
