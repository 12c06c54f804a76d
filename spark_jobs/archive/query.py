"""Appends what Kafka has received to the lake, in steps that are exact across a crash.

Two systems cannot commit together, so each step is announced first: ops.intent holds the offsets and a
version; then Delta appends them under that version, once however often it is asked to; then the positions
move and the intent is cleared. A start finishes an open intent before anything else.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from kafka import TopicPartition
from psycopg.types.json import Jsonb
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 (Spark's own convention)

from spark_jobs import positions
from spark_jobs.cluster import Cluster
from spark_jobs.errors import PositionLost
from spark_jobs.lake import TABLE, WRITER, is_made
from spark_jobs.positions import Position, Read
from spark_jobs.tally import add_tally
from streams.kafka_access import spark_options
from streams.settings import Settings
from streams.zone import ZONE_NAME

QUERY = "archive"
POOL = "archive"


@dataclass(frozen=True)
class Range:
    """Offsets of one partition: from `first` up to, but not including, `until`."""

    partition: TopicPartition
    topic_id: UUID
    first: int
    until: int


class Archive:
    """Steps of the archive, on the fenced connection."""

    def __init__(
        self, spark: SparkSession, settings: Settings, connection: psycopg.Connection, run: UUID
    ) -> None:
        self._spark = spark
        self._settings = settings
        self._connection = connection
        self._run = run
        self._path = settings.lake_dir / TABLE
        self._positions: dict[TopicPartition, Position] | None = None

    def step(self, cluster: Cluster) -> int:
        """Append what is new, at most `archive_max_events` of it; gives back how many events that was.

        Raises PositionLost like the live query.
        """
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", POOL)
        version, ranges = self._intent()
        if ranges is not None and not self._same_topics(cluster, ranges):
            self._abandon(version)
            ranges = None
        if ranges is not None:
            return self._append(cluster, version, ranges, self._is_written(cluster, version, ranges))
        ranges = self._new_ranges(cluster)
        if not ranges:
            return 0
        version += 1
        self._announce(version, ranges)
        return self._append(cluster, version, ranges)

    def _same_topics(self, cluster: Cluster, ranges: list[Range]) -> bool:
        topics = cluster.describe({each.partition.topic for each in ranges})
        return all(
            name in topics and topics[name].id == each.topic_id
            for each in ranges
            if (name := each.partition.topic)
        )

    def _is_written(self, cluster: Cluster, version: int, ranges: list[Range]) -> bool:
        """Whether an announced step that Kafka cannot give any more stands in the lake already.

        False for one that Kafka can give: Delta skips it if need be. Raises PositionLost where neither does.
        """
        partitions = [each.partition for each in ranges]
        first, end = cluster.first_offsets(partitions), cluster.end_offsets(partitions)
        gone = [r for r in ranges if r.first < first[r.partition] or r.until > end[r.partition]]
        if not gone:
            return False
        if is_made(self._path) and self._counted(version):
            return True
        where = "; ".join(
            f"{r.partition.topic} partition {r.partition.partition}: {r.first} to {r.until - 1}, Kafka has"
            f" {first[r.partition]} to {end[r.partition] - 1}"
            for r in gone
        )
        raise PositionLost(
            f"The archive's step {version} was announced, never written, and Kafka cannot give it any more."
            f" {where}. To go on without what is gone, set ranges to null in the archive's row of ops.intent;"
            " the next start says which positions have to be moved."
        )

    def _abandon(self, version: int) -> None:
        """Undo a step whose topic is gone: what it may have appended, and its announcement."""
        if is_made(self._path):
            self._spark.sql(f"delete from delta.`{self._path}` where step = {version:d}")  # noqa: S608 (our own path and number)
        self._close()

    def _close(self) -> None:
        self._connection.execute("update ops.intent set ranges = null where query = %s", (QUERY,))

    def _new_ranges(self, cluster: Cluster) -> list[Range]:
        known = self._known()
        prefix = self._settings.topic_prefix
        begin = positions.start(cluster, prefix, known)
        topics = cluster.topics(prefix)
        found = [partition for partition in begin if partition.topic in topics]
        first, end = cluster.first_offsets(found), cluster.end_offsets(found)
        ranges = (
            Range(
                partition,
                topics[partition.topic].id,
                first[partition] if begin[partition] == positions.EARLIEST else begin[partition],
                end[partition],
            )
            for partition in found
        )
        return list(
            limited([each for each in ranges if each.until > each.first], self._settings.archive_max_events)
        )

    def _append(self, cluster: Cluster, version: int, ranges: list[Range], is_written: bool = False) -> int:
        started_at = datetime.now(UTC)
        if not is_written:
            self._write(version, ranges)
        return self._finish(cluster, version, ranges, started_at)

    def _write(self, version: int, ranges: list[Range]) -> None:
        records = lake_rows(read(self._spark, self._settings, ranges), version)
        # One task: the other cores stay with the live query, whose batches cannot wait for a file.
        writer = records.coalesce(1).write.format("delta").mode("append").partitionBy("received_day")
        writer = writer.option("txnAppId", WRITER).option("txnVersion", str(version))
        # A lake that an earlier version of the platform began has no column `step`.
        writer.option("mergeSchema", "true").save(str(self._path))

    def _finish(self, cluster: Cluster, version: int, ranges: list[Range], started_at: datetime) -> int:
        # Asked after reading: ids of topics never come back, so the records are of the topic that has it now.
        topics = {each.partition.topic: each.topic_id for each in ranges}
        positions.check_topics(cluster.describe(topics), topics)
        counted = self._counted(version)
        reads = [Read(each.partition, each.topic_id, each.first, each.until - 1) for each in ranges]
        with self._connection.transaction():
            moved = positions.advance(self._connection, QUERY, self._known(), reads)
            add_tally(self._connection, QUERY, counted)
            self._close()
            events: int = sum(row["events"] for row in counted)
            self._connection.execute(
                "insert into ops.batch (query, run, batch, started_at, events) values (%s, %s, %s, %s, %s)",
                (QUERY, self._run, version, started_at, events),
            )
        self._known().update(moved)
        return events

    def _known(self) -> dict[TopicPartition, Position]:
        if self._positions is None:
            self._positions = positions.load(self._connection, QUERY)
        return self._positions

    def _intent(self) -> tuple[int, list[Range] | None]:
        row = self._connection.execute(
            "select version, ranges from ops.intent where query = %s", (QUERY,)
        ).fetchone()
        if row is None:
            return 0, None
        return row[0], None if row[1] is None else [_range(each) for each in row[1]]

    def _announce(self, version: int, ranges: list[Range]) -> None:
        self._connection.execute(
            "insert into ops.intent (query, version, ranges) values (%s, %s, %s)"
            " on conflict (query) do update set version = excluded.version, ranges = excluded.ranges",
            (QUERY, version, Jsonb([_plain(each) for each in ranges])),
        )

    def _counted(self, version: int) -> list[dict[str, Any]]:
        """Rows of that step that stand in the lake, by source and received day: asked of the lake itself."""
        rows = self._spark.read.format("delta").load(str(self._path)).where(F.col("step") == version)
        prefix = self._settings.topic_prefix
        return [
            {
                "source": row.topic.removeprefix(prefix),
                "received_day": row.day,
                "outcome": "archived",
                "events": row.events,
            }
            for row in rows.groupBy("topic", F.unix_date("received_day").alias("day"))
            .agg(F.count("*").alias("events"))
            .collect()
        ]


def read(spark: SparkSession, settings: Settings, ranges: list[Range]) -> DataFrame:
    """Records of Kafka in these ranges, headers included. A record that Kafka cannot give fails the read."""
    options = {
        **spark_options(settings),
        "assign": _assigned(each.partition for each in ranges),
        "startingOffsets": positions.as_json({each.partition: each.first for each in ranges}),
        "endingOffsets": positions.as_json({each.partition: each.until for each in ranges}),
        "includeHeaders": "true",
        "failOnDataLoss": "true",
    }
    return spark.read.format("kafka").options(**options).load()


def lake_rows(records: DataFrame, step: int) -> DataFrame:
    """Kafka records -> step, topic, partition, offset, received_at, value, headers, received_day (local).

    Offsets alone do not say which step has written a row: a topic that is made anew has the same ones.
    """
    return records.select(
        F.lit(step).cast("bigint").alias("step"),
        "topic",
        "partition",
        "offset",
        F.col("timestamp").alias("received_at"),
        "value",
        "headers",
        F.to_date(F.from_utc_timestamp("timestamp", ZONE_NAME)).alias("received_day"),
    )


def limited(ranges: list[Range], events: int) -> Iterator[Range]:
    """The ranges, each shortened by the same share so that all together hold at most `events`. Pure."""
    total = sum(each.until - each.first for each in ranges)
    for each in ranges:
        length = each.until - each.first
        kept = length if total <= events else max(1, length * events // total)
        yield Range(each.partition, each.topic_id, each.first, each.first + kept)


def _assigned(partitions: Iterable[TopicPartition]) -> str:
    """Spark's JSON: {topic: [partition]}."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for partition in partitions:
        found[partition.topic].append(partition.partition)
    return json.dumps(found)


def _plain(each: Range) -> dict[str, object]:
    return {
        "topic": each.partition.topic,
        "partition": each.partition.partition,
        "topic_id": str(each.topic_id),
        "first": each.first,
        "until": each.until,
    }


def _range(plain: Mapping[str, object]) -> Range:
    return Range(
        TopicPartition(plain["topic"], plain["partition"]),
        UUID(str(plain["topic_id"])),
        int(str(plain["first"])),
        int(str(plain["until"])),
    )
