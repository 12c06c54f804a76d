"""Fields of accepted events as Spark reads them: the second reading, by another engine than the judge's.

Numbers of the day come from the judge's reading; Great Expectations asks its questions of this one, so that
an error in either shows.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES

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
    fields = ", ".join(f"`{name}`: {_json_type(spec.type)}" for name, spec in contract.fields.items())
    schema = f"id string, source string, type string, time string, data struct<{fields}>"
    return judged.withColumn("_event", F.from_json("_value", schema)).drop("_value")


def events(counted: DataFrame, contract: Contract) -> DataFrame:
    """One row an event: `_id`, `_source`, `_time` timestamp, `_claim`, and each field in its own type.

    A field of type date or timestamp has its text beside it as `<field>__text`. A whole number that is none
    and a text that is no date are null.
    """
    columns = [
        F.col("_claim"),
        F.col("_event.id").alias("_id"),
        F.col("_event.source").alias("_source"),
        F.expr(_instant("_event.time")).alias("_time"),
    ]
    for name, spec in contract.fields.items():
        columns.append(_typed(f"_event.data.`{name}`", NAMED_TYPES[spec.type].spark).alias(name))
        if NAMED_TYPES[spec.type].spark in _TEXT_FIRST:
            columns.append(F.col(f"_event.data.`{name}`").alias(f"{name}__text"))
    return counted.select(*columns)


def _json_type(named: str) -> str:
    return _JSON_TYPES[NAMED_TYPES[named].json]


def _typed(path: str, spark: str) -> Column:
    if spark == "bigint":
        return F.expr(f"case when {path} = floor({path}) then try_cast({path} as bigint) end")
    return F.expr(_instant(path) if spark == "timestamp" else f"try_cast({path} as {spark})")


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
