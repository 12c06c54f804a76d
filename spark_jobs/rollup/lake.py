"""The lake as a rollup reads it, and the session that it reads with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import psycopg
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.lake import TABLE, is_made
from spark_jobs.rollup import ledger
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.settings import Settings

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
    # Thousands of files are listed by the driver sooner than by a job.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
    # Delta's vacuum lists files in so many tasks, ten thousand if nobody says otherwise.
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "16",
}

MANY_EVENTS = 1_500_000
"""From here on a rollup lives long enough for the JVM's optimising compiler."""


def rollup_session(settings: Settings, events: int | None = None) -> SparkSession:
    """The session of a rollup: as live has it, with the options of a batch job. `events`: about how many it
    is going to read, if that is known."""
    is_short = events is not None and events <= MANY_EVENTS
    session = build_session(settings, "rollup", java_options=QUICK_COMPILER if is_short else "")
    for option, value in OPTIONS.items():
        session.conf.set(option, value)
    return session


def session_for(settings: Settings, wanted: Sequence[tuple[str, date]]) -> SparkSession:
    """The session for rolling up these (source, day); the one there is if it was started already."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        return rollup_session(settings, ledger.archived(connection, wanted))


@contextmanager
def starting(settings: Settings, wanted: Sequence[tuple[str, date]]) -> Iterator[None]:
    """Start that session while the block runs. If it does not start, whoever asks for it is told."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(session_for, settings, wanted)
        yield


def events(session: SparkSession, lake_dir: Path, received: Iterable[date] | None = None) -> DataFrame:
    """The archived events, of these received days or all: SCHEMA.

    The files of the table's newest version are looked up without Spark: Delta's own reader takes several jobs
    to find them, anew for every plan, which was most of what a small day cost (decision 055).
    """
    path, files = lake_dir / TABLE, list[str]()
    days = None if received is None else [day.isoformat() for day in received]
    if days != [] and is_made(path):
        wanted = None if days is None else [("received_day", "in", days)]
        files = DeltaTable(str(path)).file_uris(file_pruning_predicate=wanted)
    if not files:
        return session.createDataFrame([], SCHEMA)
    return session.read.schema(SCHEMA).option("basePath", str(path)).parquet(*files)
