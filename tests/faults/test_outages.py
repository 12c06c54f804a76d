"""Servers that are away, silent or slow, connections that break in the middle, a deadlock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.faults.test_kills import CLAIMED, LIVE
from tests.faults.trial import AWAY_SECONDS, SPRUNG_SECONDS, Trial
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.faults_once]

SLOW_SECONDS = 0.03
"""A batch asks some fifty times, one after the other: it takes seconds then."""
WAITS = """
    select count(*) from pg_stat_activity
    where application_name = 'minsheng live' and wait_event_type = 'Lock' and query like '%%ops.freshness%%'
"""


def test_kafka_is_away(trial: Trial) -> None:
    with trial.breaking(f"Kafka away for {AWAY_SECONDS:.0f} s"), trial.platform.kafka.proxy.away():
        time.sleep(AWAY_SECONDS)


def test_kafka_is_silent(trial: Trial) -> None:
    """Connections stay, and nothing comes: the most patient way to be away."""
    with trial.breaking(f"Kafka silent for {AWAY_SECONDS:.0f} s"), trial.platform.kafka.proxy.silent():
        time.sleep(AWAY_SECONDS)


def test_postgresql_is_away(trial: Trial) -> None:
    with trial.breaking(f"PostgreSQL away for {AWAY_SECONDS:.0f} s"), trial.platform.postgres.proxy.away():
        time.sleep(AWAY_SECONDS)


def test_postgresql_is_silent(trial: Trial) -> None:
    with (
        trial.breaking(f"PostgreSQL silent for {AWAY_SECONDS:.0f} s"),
        trial.platform.postgres.proxy.silent(),
    ):
        time.sleep(AWAY_SECONDS)


def test_postgresql_is_slow(trial: Trial) -> None:
    """Slow is not away: the application goes on by itself."""
    ended = len(trial.platform.stream.ended)
    with (
        trial.breaking(f"PostgreSQL slow for {AWAY_SECONDS:.0f} s"),
        trial.platform.postgres.proxy.slow(SLOW_SECONDS),
    ):
        time.sleep(AWAY_SECONDS)
    assert len(trial.platform.stream.ended) == ended


def test_a_connection_is_reset_in_the_middle_of_a_copy(trial: Trial) -> None:
    with (
        trial.breaking("connection reset in COPY") as clock,
        trial.platform.postgres.proxy.trapped(LIVE, CLAIMED, where="reset") as trap,
    ):
        assert trap.sprung.wait(SPRUNG_SECONDS)
        clock.start()


@contextmanager
def looking_for_deadlocks(superuser: psycopg.Connection, after: str) -> Iterator[None]:
    """Who waits for a lock looks once, so long after it began: by then the other one must wait, too."""
    superuser.execute(f"alter system set deadlock_timeout = '{after}'")
    superuser.execute("select pg_reload_conf()")
    try:
        yield
    finally:
        superuser.execute("alter system reset deadlock_timeout")
        superuser.execute("select pg_reload_conf()")


def test_a_batch_is_the_victim_of_a_deadlock_with_a_reader(trial: Trial) -> None:
    """Somebody reads what must not change meanwhile (FOR SHARE), in the other order than a batch writes."""
    stream = trial.platform.stream
    logged = stream.log_file.stat().st_size
    with (
        trial.platform.connect(superuser=True) as reader,
        looking_for_deadlocks(reader, after="10s"),
        trial.breaking("deadlock with a reader") as clock,
    ):
        # PostgreSQL ends the one who looks first for a deadlock: that shall not be the reader.
        reader.execute("set deadlock_timeout = '5min'")
        with reader.transaction():
            reader.execute("select from ops.freshness for share")
            wait_for(lambda: trial.platform.ask(WAITS), SPRUNG_SECONDS)
            reader.execute("select from ops.position for share")
        clock.start()
    assert "deadlock detected" in stream.log_since(logged)
