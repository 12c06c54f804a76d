"""The lake as a rollup reads it, and the session that it reads with."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from spark_jobs.session import build_session
from streams.settings import Settings

TABLE = "events"
SCHEMA = (
    "step bigint, topic string, partition int, offset bigint, received_at timestamp, value binary,"
    " headers array<struct<key: string, value: binary>>, received_day date"
)

# What differs from a batch of a second: a rollup sorts millions of ids once, so that Spark may look before it
# chooses a join, and reads few large files, which it must cut to occupy every core.
OPTIONS = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.files.maxPartitionBytes": "16m",
    "spark.sql.files.openCostInBytes": "1m",
}


def rollup_session(settings: Settings) -> SparkSession:
    """The session of a rollup: as live has it, with the options of a batch job."""
    session = build_session(settings, "rollup")
    for option, value in OPTIONS.items():
        session.conf.set(option, value)
    return session


def events(session: SparkSession, lake_dir: Path) -> DataFrame:
    """The archived events: SCHEMA. No rows where nothing was ever archived."""
    path = lake_dir / TABLE
    if not (path / "_delta_log").exists():
        return session.createDataFrame([], SCHEMA)
    return session.read.format("delta").load(str(path))
