"""What Kafka holds, taken in: by the live query, and by the archive too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from pyspark.sql import SparkSession

from spark_jobs import fence
from spark_jobs.archive.query import Archive
from spark_jobs.cluster import Cluster
from spark_jobs.live.query import LiveQuery
from streams.settings import Settings


@contextmanager
def live_query(spark: SparkSession, settings: Settings) -> Iterator[LiveQuery]:
    """A live query, stopped when the block ends."""
    query = LiveQuery(spark, settings, uuid4())
    try:
        yield query
    finally:
        query.stop()


def take_in(spark: SparkSession, settings: Settings) -> None:
    """What Kafka holds now, into PostgreSQL and into the lake."""
    with live_query(spark, settings) as query:
        query.start(once=True)
        query.wait()
    with fence.connect(settings.postgres_dsn, "archive") as connection, Cluster(settings) as cluster:
        archive = Archive(spark, settings, connection, uuid4())
        while archive.step(cluster):
            pass
