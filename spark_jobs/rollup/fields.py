"""Fields of accepted events as Spark reads them: the second reading, by another engine than the judge's.

Numbers of the day come from the judge's reading; Great Expectations asks its questions of this one, so that
an error in either shows.
"""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from streams.contract.model import Contract, FieldSpec
from streams.contract.rendering import backquoted
from streams.contract.types import NAMED_TYPES
from streams.judge.shape import leaves

# An integer may be written 12 or 12.0; Spark's own bigint reads the second as null.
_JSON_TYPES = {
    "string": "string",
    "integer": "decimal(38,6)",
    "number": "decimal(38,6)",
    "boolean": "boolean",
}
_TEXT_FIRST = ("date", "timestamp")


def read_again(judged: DataFrame, contract: Contract) -> DataFrame:
    """`judged` with `_event` instead of `_value`: struct<id, source, type, time, data struct<field ...>>.

    One struct, so that the JSON is parsed once if the result is kept: Spark would parse again for every field
    that is taken from an expression. Null where `_value` is.
    """
    schema = f"id string, source string, type string, time string, data {_struct(contract.fields)}"
    return judged.withColumn("_event", F.from_json("_value", schema)).drop("_value")


def events(counted: DataFrame, contract: Contract) -> DataFrame:
    """One row an event: `_id`, `_source`, `_time` timestamp, `_claim`, and each of the contract's columns in
    its own type.

    A field of type date or timestamp has its text beside it as `<field>__text`, a list its items as they were
    written as `<list>__items`. A whole number that is none and a text that is no date are null.
    """
    columns = [
        F.col("_claim"),
        F.col("_event.id").alias("_id"),
        F.col("_event.source").alias("_source"),
        F.expr(_instant("_event.time")).alias("_time"),
    ]
    for name, path, spec in leaves(contract):
        where = f"_event.data.{'.'.join(map(backquoted, path))}"
        spark = NAMED_TYPES[spec.type].spark
        columns.append(F.expr(typed_sql(where, spark)).alias(name))
        if spark in _TEXT_FIRST:
            columns.append(F.expr(where).alias(f"{name}__text"))
    for name in contract.lists:
        where = f"_event.data.{backquoted(name)}"
        columns.append(F.expr(where).alias(items(name)))
        columns.append(F.expr(f"cast(array_size({where}) as bigint)").alias(f"{name}__count"))
    return counted.select(*columns)


def items(name: str) -> str:
    """The column that holds a list's items."""
    return f"{name}__items"


def typed_sql(path: str, spark: str) -> str:
    """Spark SQL of a value, read from JSON, in its own type; null where it is none."""
    if spark == "bigint":
        return f"case when {path} = floor({path}) then try_cast({path} as bigint) end"
    if spark == "date":
        # Spark takes 330302 for a year, whose days overflow where one is formatted.
        return f"case when {path} like '____-__-__' then try_cast({path} as date) end"
    return _instant(path) if spark == "timestamp" else f"try_cast({path} as {spark})"


def _struct(fields: Mapping[str, FieldSpec]) -> str:
    return f"struct<{', '.join(f'`{name}`: {_json_type(spec)}' for name, spec in fields.items())}>"


def _json_type(spec: FieldSpec) -> str:
    if spec.type == "list":
        return f"array<{_struct(spec.fields)}>"
    return _struct(spec.fields) if spec.type == "object" else _JSON_TYPES[NAMED_TYPES[spec.type].json]


def _instant(text: str) -> str:
    """Spark SQL of an RFC 3339 text as timestamp, null where it is none.

    Spark refuses offsets beyond 18 hours, small letters and leap seconds, which RFC 3339 has: one such
    event would fail the whole day. A leap second is the second before it, as for the judge.
    """
    text = f"upper(regexp_replace({text}, '^(.{{17}})60', '$159'))"
    local = f"try_cast(concat(regexp_extract({text}, '^(.{{19}}(?:[.][0-9]+)?)', 1), 'Z') as timestamp)"
    sign = f"(case when {text} rlike '-[0-9]{{2}}:[0-9]{{2}}$' then 1 else -1 end)"
    hours, minutes = (
        f"coalesce(try_cast(regexp_extract({text}, '[+-]([0-9]{{2}}):([0-9]{{2}})$', {part}) as int), 0)"
        for part in (1, 2)
    )
    return f"timestampadd(minute, {sign} * ({hours} * 60 + {minutes}), {local})"
