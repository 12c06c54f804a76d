"""Named types: everything about a kind of value in one place.

A contract's field names one of NAMED_TYPES; judge, tables, simulator, JSON Schema and dashboards ask here.
SQL is DuckDB's and pure; `{value}` stands for an expression of type VARCHAR that is not null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from types import MappingProxyType
from typing import Any, Literal

from streams import reference
from streams.contract import checksums, makers, patterns
from streams.contract.model import FieldSpec

Json = Literal["string", "integer", "number", "boolean"]
Option = Literal["pattern", "range", "values", "max_length", "pii"]

BIGINT_SAFE = 10**12
"""The largest number a field may hold: a million of them add up within a bigint."""


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


def values_of(spec: FieldSpec) -> Mapping[str, str]:
    """The values that a field can take and their Chinese labels; empty where they cannot be listed."""
    return spec.values or NAMED_TYPES[spec.type].labels


def range_of(spec: FieldSpec) -> tuple[Any, Any] | None:
    """Lowest and highest value of a field: the contract's, or the type's own."""
    return spec.range or NAMED_TYPES[spec.type].range


def max_length_of(spec: FieldSpec) -> int | None:
    """The longest text of a field in characters: the contract's, or the type's own."""
    return spec.max_length or NAMED_TYPES[spec.type].max_length


def _divisions() -> dict[str, str]:
    return {division.code: division.name for division in reference.divisions()}


def _formatted(pattern: str) -> dict[str, Any]:
    return {"pattern": pattern, "format": patterns.full_match("{value}", pattern)}


def _upper(text: str) -> str:
    return text.strip().upper()


def _digits_only(text: str) -> str:
    return text.strip().replace(" ", "").replace("-", "").removeprefix("+86")


_VARCHAR: dict[str, Any] = {"json": "string", "duckdb": "VARCHAR", "spark": "string", "postgres": "text"}
_BIGINT: dict[str, Any] = {"json": "integer", "duckdb": "BIGINT", "spark": "bigint", "postgres": "bigint"}
_PERSONAL: dict[str, Any] = {
    **_VARCHAR,
    "personal": True,
    "options": frozenset({"pii"}),
    "needs": frozenset({"pii"}),
}
_DATE = r"(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"

_TYPES = (
    NamedType(
        name="text",
        about="free text; give it a pattern or max_length where you can",
        reason="{title}格式不对",
        make=makers.text,
        max_length=200,
        options=frozenset({"pattern", "max_length"}),
        dimension=True,
        **_VARCHAR,
    ),
    NamedType(
        name="enum",
        about="one of the values that the contract lists",
        reason="{title}不在允许的取值之中",
        make=makers.enum,
        max_length=64,
        options=frozenset({"values"}),
        needs=frozenset({"values"}),
        dimension=True,
        **_VARCHAR,
    ),
    NamedType(
        name="division",
        about="county-level division code of the city, six digits",
        reason="{title}应为六位行政区划代码",
        make=makers.division,
        members=_divisions,
        dimension=True,
        **_formatted(r"\d{6}(\d{3})?"),
        **_VARCHAR,
    ),
    NamedType(
        name="fen",
        about="an amount of money in fen",
        reason="{title}应为以分为单位的整数",
        make=makers.whole_number,
        range=(0, BIGINT_SAFE),
        options=frozenset({"range"}),
        number=True,
        unit="fen",
        **_BIGINT,
    ),
    NamedType(
        name="count",
        about="how many: a whole number, not negative",
        reason="{title}应为不小于零的整数",
        make=makers.whole_number,
        range=(0, BIGINT_SAFE),
        options=frozenset({"range"}),
        number=True,
        **_BIGINT,
    ),
    NamedType(
        name="int",
        about="a whole number",
        reason="{title}应为整数",
        make=makers.whole_number,
        range=(-BIGINT_SAFE, BIGINT_SAFE),
        options=frozenset({"range"}),
        number=True,
        **_BIGINT,
    ),
    NamedType(
        name="decimal",
        about="a number of at most four decimal places; cannot be summed, whole numbers can",
        json="number",
        duckdb="DECIMAL(18,4)",
        spark="decimal(18,4)",
        postgres="numeric(18,4)",
        reason="{title}应为数字，最多四位小数",
        make=makers.decimal_number,
        range=(-BIGINT_SAFE, BIGINT_SAFE),
        options=frozenset({"range"}),
    ),
    NamedType(
        name="bool",
        about="true or false",
        json="boolean",
        duckdb="BOOLEAN",
        spark="boolean",
        postgres="boolean",
        reason="{title}应为 true 或 false",
        make=makers.truth,
        dimension=True,
    ),
    NamedType(
        name="date",
        about="a calendar day, YYYY-MM-DD",
        json="string",
        duckdb="DATE",
        spark="date",
        postgres="date",
        reason="{title}应为存在的日期（YYYY-MM-DD）",
        make=makers.day,
        pattern=_DATE,
        format=patterns.full_match("{value}", _DATE) + " and try_cast({value} as date) is not null",
    ),
    NamedType(
        name="timestamp",
        about="an instant, RFC 3339 with offset",
        json="string",
        duckdb="TIMESTAMPTZ",
        spark="timestamp",
        postgres="timestamptz",
        reason="{title}应为带时区的时间（RFC 3339）",
        make=makers.instant,
        pattern=f"{_DATE}T{_TIME}",
        format=patterns.full_match("{value}", f"{_DATE}T{_TIME}")
        + " and try_cast({value} as timestamptz) is not null",
    ),
    NamedType(
        name="cn_id",
        about="resident identity number of 18 characters (GB 11643)",
        reason="{title}应为18位身份证号",
        checksum=checksums.resident_id("{value}"),
        checksum_reason="{title}校验码或出生日期不对",
        make=makers.resident_id,
        clean=_upper,
        **_formatted(r"[1-9]\d{16}[0-9X]"),
        **_PERSONAL,
    ),
    NamedType(
        name="mobile",
        about="mobile number of 11 digits",
        reason="{title}应为11位手机号",
        make=makers.mobile,
        clean=_digits_only,
        **_formatted(r"1[3-9]\d{9}"),
        **_PERSONAL,
    ),
    NamedType(
        name="bank_card",
        about="bank card number (ISO/IEC 7812)",
        reason="{title}应为12至19位银行卡号",
        checksum=checksums.luhn("{value}"),
        checksum_reason="{title}校验位不对",
        make=makers.bank_card,
        clean=_digits_only,
        **_formatted(r"[1-9]\d{11,18}"),
        **_PERSONAL,
    ),
    NamedType(
        name="insurance_no",
        about="medical-insurance number, 9 to 20 digits, first may be a letter; has no public checksum",
        reason="{title}应为9至20位医保编号",
        make=makers.insurance_no,
        clean=_upper,
        **_formatted(r"[0-9A-Z]\d{8,19}"),
        **_PERSONAL,
    ),
    NamedType(
        name="uscc",
        about="unified social credit code of an organisation (GB 32100)",
        reason="{title}应为18位统一社会信用代码",
        checksum=checksums.credit_code("{value}"),
        checksum_reason="{title}校验码不对",
        make=makers.credit_code,
        clean=_upper,
        **_formatted(r"\d{8}[0-9A-HJ-NPQRTUWXY]{10}"),
        **_VARCHAR,
    ),
)

NAMED_TYPES: Mapping[str, NamedType] = MappingProxyType({named.name: named for named in _TYPES})
