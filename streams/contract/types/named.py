"""What is known of a named type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Any, Literal

from streams.contract import patterns
from streams.contract.model import FieldSpec

Json = Literal["string", "integer", "number", "boolean"]
Option = Literal["pattern", "range", "values", "max_length", "pii"]

# How a value is kept by the three engines, and how it stands in JSON.
VARCHAR: dict[str, Any] = {"json": "string", "duckdb": "VARCHAR", "spark": "string", "postgres": "text"}
BIGINT: dict[str, Any] = {"json": "integer", "duckdb": "BIGINT", "spark": "bigint", "postgres": "bigint"}


@dataclass(frozen=True)
class NamedType:
    """A kind of value.

    json: how it stands in an event's data; an integer may be written 12 or 12.0, never "12".
    duckdb, spark, postgres: its SQL types. format and checksum: SQL, true where the text is right.
    reason, checksum_reason: Chinese, for operators; {title} is the field's title.
    pattern: the format as a whole-value pattern, for JSON Schema and Great Expectations.
    range: bounds of the type itself; a contract may narrow them.
    options: what a contract's field of this type may say. needs: what it must say.
    dimension: may group a metric. number: may be summed. personal: must be tokenised.
    """

    name: str
    about: str
    json: Json
    duckdb: str
    spark: str
    postgres: str
    reason: str
    make: Callable[[Random, FieldSpec], Any]
    pattern: str | None = None
    format: str | None = None
    checksum: str | None = None
    checksum_reason: str = ""
    members: Callable[[], Mapping[str, str]] | None = None
    range: tuple[int, int] | None = None
    max_length: int | None = None
    options: frozenset[Option] = frozenset()
    needs: frozenset[Option] = frozenset()
    dimension: bool = False
    number: bool = False
    personal: bool = False
    unit: str | None = None
    clean: Callable[[str], str] = str.strip

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Every value that exists and its Chinese label, where the type itself knows them (division)."""
        return MappingProxyType(dict(self.members())) if self.members else MappingProxyType({})

    def format_sql(self, value: str) -> str | None:
        return self.format.replace("{value}", value) if self.format else None

    def checksum_sql(self, value: str) -> str | None:
        return self.checksum.replace("{value}", value) if self.checksum else None


def formatted(pattern: str) -> dict[str, Any]:
    """The format rule of texts that match a whole-value pattern."""
    return {"pattern": pattern, "format": patterns.full_match("{value}", pattern)}
