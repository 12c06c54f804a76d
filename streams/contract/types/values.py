"""Types of values that tell nothing about a person: texts, codes, amounts, times."""

from __future__ import annotations

from streams import reference
from streams.contract import makers, patterns
from streams.contract.types.named import BIGINT, VARCHAR, NamedType, formatted

BIGINT_SAFE = 10**12
"""The largest number a field may hold: a million of them add up within a bigint."""

_DATE = r"(19|20)\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)"


def _divisions() -> dict[str, str]:
    return {division.code: division.name for division in reference.divisions()}


def _townships() -> dict[str, str]:
    return {township.code: township.name for township in reference.townships()}


TYPES = (
    NamedType(
        name="text",
        about="free text; give it a pattern or max_length where you can",
        reason="{title}格式不对",
        make=makers.text,
        max_length=200,
        options=frozenset({"pattern", "max_length"}),
        dimension=True,
        **VARCHAR,
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
        **VARCHAR,
    ),
    NamedType(
        name="division",
        about="county-level division code of the city, six digits",
        reason="{title}应为六位行政区划代码",
        make=makers.division,
        members=_divisions,
        dimension=True,
        **formatted(r"\d{6}(\d{3})?"),
        **VARCHAR,
    ),
    NamedType(
        name="township",
        about="township-level division code of the city, nine digits; the first six are its county's",
        reason="{title}应为九位乡镇街道代码",
        make=makers.township,
        members=_townships,
        dimension=True,
        **formatted(r"\d{9}"),
        **VARCHAR,
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
        **BIGINT,
    ),
    NamedType(
        name="count",
        about="how many: a whole number, not negative",
        reason="{title}应为不小于零的整数",
        make=makers.whole_number,
        range=(0, BIGINT_SAFE),
        options=frozenset({"range"}),
        number=True,
        **BIGINT,
    ),
    NamedType(
        name="int",
        about="a whole number",
        reason="{title}应为整数",
        make=makers.whole_number,
        range=(-BIGINT_SAFE, BIGINT_SAFE),
        options=frozenset({"range"}),
        number=True,
        **BIGINT,
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
)
