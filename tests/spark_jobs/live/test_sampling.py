"""What Kafka was sent is known by topic and day, however often a topic is made anew, and minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from spark_jobs.cluster import Cluster
from spark_jobs.live.ledger import sample
from streams.days import day_of
from streams.settings import Settings
from tests.waiting import wait_for, wait_for_equal


def made(settings: Settings, topic: str, events: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=settings.kafka_bootstrap)
    for _ in range(events):
        producer.send(topic, b"{}")
    producer.flush()
    producer.close()


def deleted(settings: Settings, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    admin.delete_topics([topic])
    wait_for(lambda: topic not in admin.list_topics())
    admin.close()


@pytest.mark.servers
def test_events_of_a_topic_that_was_deleted_and_made_anew_add_up(settings: Settings) -> None:
    topic, prefix = f"{settings.topic_prefix}meal", settings.topic_prefix
    now = datetime.now(UTC).replace(second=5)
    with (
        Cluster(settings) as cluster,
        psycopg.connect(settings.postgres_dsn, autocommit=True) as connection,
    ):

        def sent() -> list[tuple[UUID, int, bool]]:
            sample(cluster, connection, prefix, now)
            rows = connection.execute(
                "select topic_id, seen_offset - first_offset, gone_at is not null from ops.sent"
                " where received_day = %s order by gone_at nulls last",
                (day_of(now),),
            )
            return [(id_, events, gone) for id_, events, gone in rows]

        made(settings, topic, 5)
        wait_for_equal(lambda: [each[1:] for each in sent()], [(5, False)])
        deleted(settings, topic)
        assert [each[1:] for each in sent()] == [(5, True)]
        made(settings, topic, 2)
        wait_for_equal(lambda: [each[1:] for each in sent()], [(5, True), (2, False)])
        (old, *_), (new, *_) = sent()
        assert old != new

        connection.execute(
            "insert into ops.position values ('live', %s, 0, %s, 2), ('archive', %s, 0, %s, 2)",
            (topic, new, topic, new),
        )
        for query, outcome in (("live", "accepted"), ("archive", "archived")):
            connection.execute(
                "insert into ops.tally values (%s, 'meal', %s, %s, 7)", (query, day_of(now), outcome)
            )
        later = now + timedelta(minutes=1)
        for moment in (later, later + timedelta(seconds=10)):
            sample(cluster, connection, prefix, moment)
        minutes = connection.execute(
            "select at, sent, accepted, in_flight, archived from ops.ledger_minute order by at desc"
        ).fetchall()
        assert minutes[0] == (later.replace(second=0, microsecond=0), 7, 7, 0, 7)
        assert len({at for at, *_ in minutes}) == len(minutes)


@pytest.mark.servers
def test_a_day_on_which_nothing_came_is_over_too(settings: Settings) -> None:
    made(settings, f"{settings.topic_prefix}meal", 5)
    now = datetime.now(UTC)
    with (
        Cluster(settings) as cluster,
        psycopg.connect(settings.postgres_dsn, autocommit=True) as connection,
    ):
        for days in range(3):
            sample(cluster, connection, settings.topic_prefix, now + timedelta(days=days))
        rows = connection.execute(
            "select received_day, next_offset - first_offset from ops.sent order by 1"
        ).fetchall()
    today = day_of(now)
    assert rows == [(today, 5), (today + timedelta(days=1), 0), (today + timedelta(days=2), None)]
