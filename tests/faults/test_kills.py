"""kill -9 of each part of the live path; of the driver before, within and after the commit of a batch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.proxy import Where
from tests.faults.trial import SPRUNG_SECONDS, Trial
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.kills]

LIVE = b"minsheng live"
CLAIMED = b"copy "
"""Ids that are probably new go into the claims, others into a table of their own: by COPY, both."""
COMMIT = b"COMMIT"
HELD_LOCK = 4_711
HOLD = f"""
    create function hold_commit() returns trigger language plpgsql as $$
    begin perform pg_advisory_xact_lock({HELD_LOCK}); return null; end $$;
    create constraint trigger hold_commit after insert on ops.batch deferrable initially deferred
        for each row when (new.query = 'live') execute function hold_commit();
"""
LET_GO = "drop trigger hold_commit on ops.batch; drop function hold_commit()"
WAITING = f"""
    select count(*) from pg_locks
    where locktype = 'advisory' and not granted and objid = {HELD_LOCK} and classid = 0
"""


def is_worker(command: list[str]) -> bool:
    return "pyspark.daemon" in command


def is_jvm(command: list[str]) -> bool:
    return bool(command) and command[0].endswith("java")


def test_the_driver_is_killed_before_the_commit_of_a_batch(trial: Trial) -> None:
    """All of the batch is written, and its COMMIT never reaches the server."""
    kill_at_commit(trial, "before", "question")


def test_the_driver_is_killed_within_the_commit_of_a_batch(trial: Trial) -> None:
    """The server works at the COMMIT while its driver dies, and completes it for nobody."""
    with trial.breaking("kill -9 of the driver within its commit") as clock, commits_held(trial):
        wait_for(lambda: trial.platform.ask(WAITING), SPRUNG_SECONDS)
        trial.platform.stream.kill()
        clock.start()
        time.sleep(trial.dice.uniform(0, 2))


def test_the_driver_is_killed_after_the_commit_of_a_batch(trial: Trial) -> None:
    """The batch is committed, and its driver never learns it."""
    kill_at_commit(trial, "after", "answer")


def test_everything_of_the_application_is_killed_at_once(trial: Trial) -> None:
    with trial.breaking("kill -9 of driver, JVM and workers at once") as clock:
        trial.platform.stream.kill_all()
        clock.start()


def test_the_jvm_is_killed(trial: Trial) -> None:
    with trial.breaking("kill -9 of the JVM") as clock:
        trial.platform.stream.kill_child(is_jvm)
        clock.start()


def test_a_python_worker_is_killed(trial: Trial) -> None:
    with trial.breaking("kill -9 of a Python worker") as clock:
        trial.platform.stream.kill_child(is_worker)
        clock.start()


def test_the_kafka_broker_is_killed(trial: Trial) -> None:
    with trial.breaking("kill -9 of the Kafka broker") as clock:
        trial.platform.kafka.process.kill_all()
        clock.start()


def test_postgresql_is_killed(trial: Trial) -> None:
    """The server and all its backends, in the middle of transactions."""
    with trial.breaking("kill -9 of PostgreSQL") as clock:
        trial.platform.postgres.process.kill_all()
        clock.start()


def kill_at_commit(trial: Trial, when: str, where: Where) -> None:
    """Hold a batch's COMMIT, or the answer to it, back in the proxy, and kill its driver."""
    proxy = trial.platform.postgres.proxy
    with (
        trial.breaking(f"kill -9 of the driver {when} its commit") as clock,
        proxy.trapped(LIVE, CLAIMED, COMMIT, where=where) as trap,
    ):
        assert trap.sprung.wait(SPRUNG_SECONDS)
        trial.platform.stream.kill()
        clock.start()


@contextmanager
def commits_held(trial: Trial) -> Iterator[None]:
    """Whoever commits a batch of the live query waits within COMMIT until the block ends."""
    with trial.platform.connect() as connection, trial.platform.connect() as holder:
        connection.execute(HOLD)
        holder.execute("select pg_advisory_lock(%s)", (HELD_LOCK,))
        try:
            yield
        finally:
            holder.execute("select pg_advisory_unlock(%s)", (HELD_LOCK,))
            connection.execute(LET_GO)
