"""Where a query stands in Kafka: ops.position is the truth, committed together with the results."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import psycopg
from kafka import TopicPartition

from spark_jobs.cluster import Cluster, Topic
from spark_jobs.errors import OutOfOrder, PositionLost

EARLIEST = -2
"""Spark's word for the oldest offset of a partition."""


@dataclass(frozen=True)
class Position:
    """The next offset to read, and the topic that it was meant for."""

    topic_id: UUID
    next_offset: int


@dataclass(frozen=True)
class Read:
    """What one batch has read of a partition: offsets `first` to `last`."""

    partition: TopicPartition
    topic_id: UUID
    first: int
    last: int


def as_json(offsets: Mapping[TopicPartition, int]) -> str:
    """Offsets as Spark's options take them: {topic: {partition: offset}}."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for partition, offset in offsets.items():
        found[partition.topic][str(partition.partition)] = offset
    return json.dumps(found)


def load(connection: psycopg.Connection, query: str) -> dict[TopicPartition, Position]:
    rows = connection.execute(
        "select topic, partition, topic_id, next_offset from ops.position where query = %s", (query,)
    )
    return {TopicPartition(topic, number): Position(id_, offset) for topic, number, id_, offset in rows}


def start(
    cluster: Cluster, prefix: str, positions: Mapping[TopicPartition, Position]
) -> dict[TopicPartition, int]:
    """The next offset of every partition that exists; EARLIEST where nothing has been read yet.

    Raises PositionLost where Kafka cannot give what comes next.
    """
    topics = cluster.topics(prefix)
    known = [partition for partition in positions if partition.topic.startswith(prefix)]
    check_topics(topics, {partition.topic: positions[partition].topic_id for partition in known})
    first, end = cluster.first_offsets(known), cluster.end_offsets(known)
    for partition in known:
        check_offset(partition, positions[partition].next_offset, first[partition], end[partition])
    every = (partition for topic in topics.values() for partition in topic.all())
    return {
        partition: positions[partition].next_offset if partition in positions else EARLIEST
        for partition in every
    }


def check_topics(topics: Mapping[str, Topic], expected: Mapping[str, UUID]) -> None:
    """Raises PositionLost where a topic that was read is gone, or is another one of the same name."""
    for name, id_ in expected.items():
        if name not in topics:
            raise PositionLost(
                f"Topic {name} was read before and does not exist any more. If it was deleted on purpose,"
                " remove its rows from ops.position."
            )
        if topics[name].id != id_:
            raise PositionLost(
                f"Topic {name} was deleted and made anew (it was {id_}, it is {topics[name].id}): its offsets"
                " are those of other events now. If that was on purpose, remove its rows from ops.position."
            )


def check_offset(partition: TopicPartition, position: int, first: int, end: int) -> None:
    """Raises PositionLost where `position` is not between a partition's first offset and its end."""
    where = f"{partition.topic} partition {partition.partition}"
    if position > end:
        raise PositionLost(
            f"{where}: the next offset to read is {position}, but Kafka ends at {end}: it lost events that"
            f" were counted already. Restore its log, or set next_offset to {end} in their row of"
            " ops.position to go on with what comes next."
        )
    if position < first:
        raise PositionLost(
            f"{where}: offsets {position} to {first - 1} were not read yet and Kafka has deleted them"
            f" (retention). To go on without these {first - position} events, set next_offset to {first} in"
            " their row of ops.position."
        )


def advance(
    connection: psycopg.Connection,
    query: str,
    positions: Mapping[TopicPartition, Position],
    reads: Iterable[Read],
) -> dict[TopicPartition, Position]:
    """Move the positions over what was read, in the caller's transaction; gives back those that moved.

    Raises OutOfOrder where a batch begins before its position, or the database holds another one: then
    somebody else has written.
    """
    moved = {}
    for read in reads:
        old = positions.get(read.partition)
        if old is not None and (read.first < old.next_offset or read.topic_id != old.topic_id):
            raise OutOfOrder(
                f"{read.partition.topic} partition {read.partition.partition}: a batch begins at {read.first}"
                f" of {read.topic_id}, but what is committed ends at {old.next_offset} of {old.topic_id}"
            )
        moved[read.partition] = Position(read.topic_id, read.last + 1)
    known = [partition for partition in moved if partition in positions]
    updated = connection.execute(
        "update ops.position p set next_offset = n.next_offset"
        " from unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[])"
        " n (topic, partition, expected, next_offset)"
        " where (p.query, p.topic, p.partition, p.next_offset) = (%s, n.topic, n.partition, n.expected)",
        (
            [partition.topic for partition in known],
            [partition.partition for partition in known],
            [positions[partition].next_offset for partition in known],
            [moved[partition].next_offset for partition in known],
            query,
        ),
    )
    if updated.rowcount != len(known):
        raise OutOfOrder(
            f"ops.position of query '{query}' was changed by somebody else: this driver must stop"
        )
    for partition in moved.keys() - positions.keys():
        connection.execute(
            "insert into ops.position (query, topic, partition, topic_id, next_offset)"
            " values (%s, %s, %s, %s, %s)",
            (
                query,
                partition.topic,
                partition.partition,
                moved[partition].topic_id,
                moved[partition].next_offset,
            ),
        )
    return moved
