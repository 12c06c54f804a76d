"""What was sent, by Kafka's own offsets: the count that everything else has to agree with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import psycopg
from kafka import TopicPartition

from spark_jobs.cluster import Cluster
from streams import days
from streams.days import day_of

OLDEST_DAYS = 400
KEEP_BATCHES = timedelta(days=3)

KEEP_MINUTES = timedelta(days=3)
MINUTES_OF_DAYS = timedelta(days=2)
"""Each minute tells of the running day and so many before it: what is booked late is seen to arrive."""

_SAVE = """
    insert into ops.sent
        (topic, topic_id, partition, received_day, first_offset, next_offset, seen_offset, observed_at)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (topic, topic_id, partition, received_day) do update set
        first_offset = least(sent.first_offset, excluded.first_offset), next_offset = excluded.next_offset,
        seen_offset = excluded.seen_offset, observed_at = excluded.observed_at
"""
# A day of a partition that was looked at before it was over, and to which nothing came afterwards.
_CLOSE = """
    update ops.sent s set next_offset = s.seen_offset, observed_at = %(now)s
    where s.next_offset is null and s.received_day < %(open)s and starts_with(s.topic, %(prefix)s)
        and exists (select from ops.sent n
            where (n.topic, n.topic_id, n.partition) = (s.topic, s.topic_id, s.partition)
                and n.received_day > s.received_day and n.first_offset = s.seen_offset)
"""
# A topic that Kafka did not name for a moment comes back.
_GONE = """
    with looked as (
        select ctid, exists (
            select from unnest(%(names)s::text[], %(ids)s::uuid[]) k (name, id)
            where k.name = s.topic and k.id = s.topic_id) as is_there
        from ops.sent s where starts_with(s.topic, %(prefix)s)
    )
    update ops.sent s set gone_at = case when not l.is_there then %(now)s end
    from looked l where l.ctid = s.ctid and (s.gone_at is null) <> l.is_there
"""
_MINUTE = """
    insert into ops.ledger_minute (at, source, received_day, sent, accepted, quarantined, duplicate,
        conflict, in_flight, archived, to_archive, replayed)
    select date_trunc('minute', %(now)s), source, received_day, sent, accepted, quarantined, duplicate,
        conflict, in_flight, archived, to_archive, replayed
    from ops.ledger(%(prefix)s)
    where received_day >= %(since)s
        and not exists (select from ops.ledger_minute where at = date_trunc('minute', %(now)s))
    on conflict do nothing
"""


@dataclass(frozen=True)
class Sent:
    """Offsets that one partition received on one day; `next_offset` is None while the day is not over."""

    partition: TopicPartition
    day: date
    first_offset: int
    next_offset: int | None
    seen_offset: int


def sample(cluster: Cluster, connection: psycopg.Connection, prefix: str, now: datetime) -> None:
    """Bring ops.sent up to date for every topic that begins with `prefix`, and ops.ledger_minute with it."""
    topics = cluster.topics(prefix)
    ids = {name: topic.id for name, topic in topics.items()}
    partitions = [partition for topic in topics.values() for partition in topic.all()]
    rows = connection.execute(
        "select topic, topic_id, partition, max(received_day) from ops.sent where next_offset is not null"
        " group by 1, 2, 3"
    )
    closed = {TopicPartition(topic, number): day for topic, id_, number, day in rows if ids.get(topic) == id_}
    found = [
        (
            each.partition.topic,
            ids[each.partition.topic],
            each.partition.partition,
            each.day,
            each.first_offset,
            each.next_offset,
            each.seen_offset,
            now,
        )
        for each in observe(cluster, partitions, closed, now)
    ]
    since = day_of(now) - MINUTES_OF_DAYS
    at = {
        "names": list(ids),
        "ids": list(ids.values()),
        "prefix": prefix,
        "now": now,
        "since": since,
        "open": day_of(now - days.CLOSING),
    }
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_SAVE, found)
        cursor.execute(_CLOSE, at)
        cursor.execute(_GONE, at)
    connection.execute(_MINUTE, at)


def observe(
    cluster: Cluster, partitions: list[TopicPartition], closed: Mapping[TopicPartition, date], now: datetime
) -> Iterator[Sent]:
    """Days that are not closed yet, up to today; `closed` is the last closed day of each partition."""
    first, end = cluster.first_offsets(partitions), cluster.end_offsets(partitions)
    today = day_of(now)
    waiting = {partition: end[partition] for partition in partitions}
    day = today
    over = False  # yesterday stays open for a moment after midnight
    while waiting and day > today - timedelta(days=OLDEST_DAYS):
        at = cluster.offsets_at(waiting, days.begin(day))
        for partition, until in list(waiting.items()):
            begin = max(at.get(partition, end[partition]), first[partition])
            if begin < until or day == today:
                yield Sent(partition, day, begin, until if over else None, until)
            waiting[partition] = begin
            if begin <= first[partition] or closed.get(partition, date.min) >= day - timedelta(days=1):
                del waiting[partition]
        over = over or now >= days.begin(day) + days.CLOSING
        day -= timedelta(days=1)


@dataclass(frozen=True)
class Life:
    """One run of the application."""

    run: UUID
    started_at: datetime


class Pulse:
    """Tells whether one query works: not only that its process lives, but that it goes on."""

    def __init__(self, query: str, life: Life) -> None:
        self._query = query
        self._life = life
        self._stands: dict[TopicPartition, int] = {}
        self._stuck_since: datetime | None = None

    def beat(self, cluster: Cluster, connection: psycopg.Connection, prefix: str, now: datetime) -> timedelta:
        """Write ops.heartbeat: how many events of topics that begin with `prefix` are not committed yet, and
        since when nothing was committed although there are some. Gives back for how long that lasts.
        """
        rows = connection.execute(
            "select topic, partition, next_offset from ops.position where query = %s", (self._query,)
        ).fetchall()
        stands = {TopicPartition(topic, number): offset for topic, number, offset in rows}
        partitions = [partition for topic in cluster.topics(prefix).values() for partition in topic.all()]
        first, end = cluster.first_offsets(partitions), cluster.end_offsets(partitions)
        behind = sum(end[each] - stands.get(each, first[each]) for each in partitions)
        if not behind:
            self._stuck_since = None
        elif self._stuck_since is None or stands != self._stands:
            self._stuck_since = now
        self._stands = stands
        connection.execute(
            "insert into ops.heartbeat (query, run, started_at, beat_at, behind, stuck_since)"
            " values (%s, %s, %s, %s, %s, %s)"
            " on conflict (query) do update set run = excluded.run, started_at = excluded.started_at,"
            " beat_at = excluded.beat_at, behind = excluded.behind, stuck_since = excluded.stuck_since",
            (self._query, self._life.run, self._life.started_at, now, behind, self._stuck_since),
        )
        return now - self._stuck_since if self._stuck_since is not None else timedelta()


def forget_batches(connection: psycopg.Connection, now: datetime) -> None:
    """Rows of ops.batch and ops.ledger_minute tell of the last days; older ones say nothing any more."""
    connection.execute("delete from ops.batch where committed_at < %s", (now - KEEP_BATCHES,))
    connection.execute("delete from ops.ledger_minute where at < %s", (now - KEEP_MINUTES,))
