"""Events that were patched when they were replayed from quarantine: read instead of what the lake has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup.ledger import Connection
from spark_jobs.rollup.received import Reading

SCHEMA = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("received_at", pa.timestamp("us", "UTC")),
        ("patched", pa.binary()),
    ]
)
KEYS = ["topic", "partition", "offset", "received_at"]

Patches = Sequence[tuple[Any, ...]]
"""Rows of SCHEMA."""


def patches_of(connection: Connection, source: str, reading: Reading) -> Patches:
    """The patched events of a source that were received on days which the rollup reads."""
    return connection.execute(
        'select topic, partition, "offset", received_at, value from ops.patch'
        " where source = %s and received_day = any(%s)",
        (source, [*reading.whole, *reading.searched]),
    ).fetchall()


def patched(lake: DataFrame, patches: Patches) -> DataFrame:
    """The lake's rows, with the patched value where there is one; untouched where there is no patch at all.

    Before anything looks into the values: a patch may have made one say what it did not.
    """
    if not patches:
        return lake
    rows = pa.Table.from_pylist([dict(zip(SCHEMA.names, each, strict=True)) for each in patches], SCHEMA)
    overlay = F.broadcast(lake.sparkSession.createDataFrame(rows))
    columns = [
        F.coalesce("patched", "value").alias("value") if c == "value" else F.col(c) for c in lake.columns
    ]
    return lake.join(overlay, KEYS, "left").select(*columns)
