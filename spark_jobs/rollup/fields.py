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
        F.expr("try_cast(_event.time as timestamp)").alias("_time"),
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
    return F.expr(f"try_cast({path} as {spark})")
