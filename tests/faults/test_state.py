"""What the application goes by is damaged, taken away, or claimed by somebody else."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from streams.topics import ensure_topics
from tests.faults.generator import ANEW
from tests.faults.trial import Trial
from tests.waiting import wait_for

pytestmark = pytest.mark.faults

START_SECONDS = 120
REMOVED = "delete from ops.position where topic = %s"


def checkpoint(trial: Trial) -> Path:
    """The folder that the running query writes its checkpoint into."""
    folders = trial.platform.disks["checkpoint"].folder.glob("minsheng-live-*")
    return max(folders, key=lambda folder: folder.stat().st_ctime)


@pytest.mark.faults_once
def test_a_corrupt_checkpoint_is_no_loss(trial: Trial) -> None:
    """It is overwritten under the running query, which is killed then: the positions are the truth."""
    with trial.breaking("corrupt checkpoint, then kill -9") as clock:
        files = sorted(file for file in checkpoint(trial).rglob("*") if file.is_file())
        assert files
        for file in files:
            file.write_bytes(trial.dice.randbytes(trial.dice.randrange(64)))
        time.sleep(trial.dice.uniform(0, 1))
        trial.platform.stream.kill()
        clock.start()


@pytest.mark.faults_once
def test_a_missing_checkpoint_is_no_loss(trial: Trial) -> None:
    with trial.breaking("checkpoint deleted under the running query") as clock:
        shutil.rmtree(checkpoint(trial))
        clock.start()


def test_a_topic_that_was_made_anew_stops_the_application_until_somebody_says_what_to_do(
    trial: Trial,
) -> None:
    """Nothing is counted until its rows of ops.position are removed, as the message says; then all of it."""
    platform, traffic, stream = trial.platform, trial.traffic, trial.platform.stream
    source, contract = next(iter(platform.contracts.items()))
    topic = platform.settings.topic_prefix + source
    with trial.comparing():
        traffic.send(200)
        trial.settle()
        counted, ended, logged = platform.counted(), len(stream.ended), stream.log_file.stat().st_size
        make_anew(trial, topic)
        ensure_topics(platform.settings, [contract], dry_run=False)
        traffic.sent[:] = [replace(each, gone=each.gone or each.topic == topic) for each in traffic.sent]
        traffic.reconnect()
        traffic.send(200, ANEW)
        traffic.flush()
        wait_for(lambda: len(stream.ended) >= ended + 2, 2 * START_SECONDS)
        assert set(stream.ended[ended:]) == {1}
        assert "was deleted and made anew" in stream.log_since(logged)
        assert "remove its rows from ops.position" in stream.log_since(logged)
        assert platform.counted() == counted
        with platform.connect() as connection:
            connection.execute(REMOVED, (topic,))


def make_anew(trial: Trial, topic: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=trial.platform.settings.kafka_bootstrap)
    admin.delete_topics([topic])
    wait_for(lambda: topic not in admin.list_topics())
    admin.close()


@pytest.mark.faults_once
def test_of_two_live_queries_one_is_fenced_off(trial: Trial) -> None:
    """A driver hangs, is taken for dead, and comes back when another one has its place: it writes nothing."""
    platform = trial.platform
    first, ended = platform.stream, len(platform.stream.ended)
    logged = first.log_file.stat().st_size
    with trial.breaking("hung driver comes back beside its successor"):
        with first.paused():
            platform.postgres.proxy.reset()
            second = platform.start_stream("second")
            before = platform.counted()
            wait_for(lambda: platform.counted() > before, START_SECONDS)
        wait_for(lambda: "Another driver runs the" in first.log_since(logged), START_SECONDS)
        assert set(first.ended[ended:]) == {1}
        assert second.ended == []
        second.stop()
