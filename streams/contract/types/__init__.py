"""Named types: everything about a kind of value in one place.

A contract's field names one of NAMED_TYPES; judge, tables, simulator, JSON Schema and dashboards ask here.
SQL is DuckDB's and pure; `{value}` stands for an expression of type VARCHAR that is not null.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from streams.contract.model import FieldSpec
from streams.contract.types import identifiers, values
from streams.contract.types.named import Json, NamedType, Option

__all__ = ["NAMED_TYPES", "Json", "NamedType", "Option", "max_length_of", "range_of", "values_of"]

NAMED_TYPES: Mapping[str, NamedType] = MappingProxyType(
    {named.name: named for named in (*values.TYPES, *identifiers.TYPES)}
)


def values_of(spec: FieldSpec) -> Mapping[str, str]:
    """The values that a field can take and their Chinese labels; empty where they cannot be listed."""
    return spec.values or NAMED_TYPES[spec.type].labels


def range_of(spec: FieldSpec) -> tuple[Any, Any] | None:
    """Lowest and highest value of a field: the contract's, or the type's own."""
    return spec.range or NAMED_TYPES[spec.type].range


def max_length_of(spec: FieldSpec) -> int | None:
    """The longest text of a field in characters: the contract's, or the type's own."""
    return spec.max_length or NAMED_TYPES[spec.type].max_length
