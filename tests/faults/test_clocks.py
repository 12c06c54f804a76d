"""Clocks that are wrong: the driver's, far ahead; the broker's, which jumps and comes back."""

from __future__ import annotations

import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource

from streams.topics import ensure_topics, wanted_topic
from streams.zone import ZONE
from tests.faults.trial import RATE, Trial
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

AHEAD = """
import os
from datetime import datetime, timedelta
from spark_jobs import clock, stream
from spark_jobs.archive import query as archive
from spark_jobs.live import query as live
class Ahead(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(days=100)
for module in (clock, stream, archive, live):
    module.datetime = Ahead
os._exit(stream.main())
"""
"""The application with another clock, further ahead than claims are kept. (Who asks for the time: these.)"""
MARK = """
    insert into ops.batch (query, run, batch, started_at, committed_at, events)
    values (%s, %s, 0, %s, %s, 0)
"""
MARKED = "select count(*) from ops.batch where query = %s"
JUMP = timedelta(minutes=50)
"""Kafka takes no sender's word for more than an hour ahead."""
LAST_HOUR = 23
START_SECONDS = 120


def test_the_clock_of_the_driver_is_ahead(trial: Trial) -> None:
    """It forgets no claim that is still needed, and takes no day for over: both are asked of two clocks."""
    platform = trial.platform
    with trial.breaking("driver's clock 100 days ahead") as clock:
        with platform.connect() as connection:
            old = datetime.now(UTC) - timedelta(days=30)
            connection.execute(MARK, ("mark", uuid.uuid4(), old, old))
        with platform.stream.down():
            ahead = platform.supervise("ahead", sys.executable, "-c", AHEAD)
            before = platform.counted()
            wait_for(lambda: platform.counted() > before, START_SECONDS)
            wait_for(lambda: platform.ask(MARKED, "mark") == 0, START_SECONDS)  # it has forgotten what is old
            ahead.stop()
        clock.start()


@pytest.mark.faults_once
def test_the_clock_of_the_broker_jumps_and_comes_back(trial: Trial) -> None:
    """The received time is what the broker's clock said, before and after; nothing is taken for late or lost.

    Within a day: what happens to the account of two days where it jumps over midnight is not promised.
    """
    platform = trial.platform
    now = datetime.now(UTC)
    jumped = now + (JUMP if now.astimezone(ZONE).hour < LAST_HOUR else -JUMP)
    with trial.breaking("broker's clock 50 minutes off and back") as clock:
        # Where the broker takes the sender's word for the time, the sender's clock is the broker's.
        admin = KafkaAdminClient(bootstrap_servers=platform.settings.kafka_bootstrap)
        wanted = [wanted_topic(contract, platform.settings) for contract in platform.contracts.values()]
        told = {"message.timestamp.type": "CreateTime"}
        admin.alter_configs([ConfigResource("topic", each.name, {**each.configs, **told}) for each in wanted])
        admin.close()
        trial.traffic.send(round(RATE * 2), timestamp=round(jumped.timestamp() * 1000))
        trial.traffic.flush()
        ensure_topics(platform.settings, platform.contracts.values(), dry_run=False)
        clock.start()
