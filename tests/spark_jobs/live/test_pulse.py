"""The heartbeat says whether a query goes on, not only that its process lives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from spark_jobs.cluster import Cluster
from spark_jobs.live.ledger import Life, Pulse
from streams.contract.model import Contract
from streams.settings import Settings
from tests.spark_jobs.live.sending import City, Sender

START = datetime(2026, 5, 4, 8, tzinfo=UTC)


@pytest.mark.servers
def test_a_query_that_commits_nothing_though_it_is_behind_is_stuck_until_it_goes_on(
    settings: Settings, contracts: dict[str, Contract]
) -> None:
    contract = next(iter(contracts.values()))
    topic = settings.topic_prefix + contract.source
    sender, city = Sender(settings), City([contract], seed=31)
    for _ in range(5):
        sender.event(city.event()[1])
    sender.flush()
    pulse = Pulse("live", Life(uuid4(), START))
    with (
        Cluster(settings) as cluster,
        psycopg.connect(settings.postgres_dsn, autocommit=True) as connection,
    ):

        def beat(seconds: int) -> tuple[float, int, bool]:
            """Seconds that it is stuck; what the heartbeat says."""
            now = START + timedelta(seconds=seconds)
            stuck = pulse.beat(cluster, connection, settings.topic_prefix, now)
            row = connection.execute(
                "select behind, stuck_since = %s, stuck_since is null from ops.heartbeat", (now - stuck,)
            ).fetchone()
            assert row is not None
            assert row[1] or row[2]
            return stuck.total_seconds(), row[0], bool(row[1])

        # Partitions that the query has never read count too.
        assert beat(0) == (0, 5, True)
        assert beat(10) == (10, 5, True)
        partitions = cluster.topics(settings.topic_prefix)[topic]
        ends = cluster.end_offsets(partitions.all())
        busy = max(ends, key=lambda partition: ends[partition])
        connection.execute(
            "insert into ops.position values ('live', %s, %s, %s, 1)", (topic, busy.partition, partitions.id)
        )
        assert beat(20) == (0, 4, True)
        assert beat(50) == (30, 4, True)
        connection.execute("delete from ops.position")
        for partition, end in ends.items():
            connection.execute(
                "insert into ops.position values ('live', %s, %s, %s, %s)",
                (topic, partition.partition, partitions.id, end),
            )
        assert beat(60) == (0, 0, False)
