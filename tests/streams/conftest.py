"""A broker that a test may kill, and a source that is deployed."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaConsumer, TopicPartition

from infra.local.kafka import LocalKafka
from streams.settings import Settings
from tests.conftest import free_port, wait_for_kafka


class Broker:
    """A Kafka broker of the test's own."""

    def __init__(self, folder: Path) -> None:
        jars = Settings().jars_dir / "kafka"
        self._kafka = LocalKafka(folder, jars, free_port(), free_port(), heap="256m")
        self._log = folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None
        self.bootstrap = f"127.0.0.1:{self._kafka.port}"

    def start(self) -> None:
        """Start it unless it runs."""
        if self._process is not None:
            return
        self._kafka.initialise()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._kafka.command(), stdout=log, stderr=log)
        wait_for_kafka(self.bootstrap)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Let it answer nothing, with its connections open: what a network that drops packets looks like."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="session")
def mortal_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("mortal") / "broker")
    yield broker
    broker.kill()


@pytest.fixture
def broker(mortal_broker: Broker) -> Iterator[Broker]:
    """The one that may be killed or frozen: running when a test begins, whatever the test before did."""
    mortal_broker.start()
    yield mortal_broker
    mortal_broker.thaw()


def values_of(bootstrap: str, topic: str) -> list[bytes]:
    """Every record's value in a topic, up to its end at this moment."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    try:
        parts = [TopicPartition(topic, part) for part in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(parts)
        consumer.seek_to_beginning(*parts)
        ends = consumer.end_offsets(parts)
        values: list[bytes] = []
        while any(consumer.position(part) < ends[part] for part in parts):
            for records in consumer.poll(timeout_ms=500).values():
                values.extend(record.value for record in records)
        return values
    finally:
        consumer.close()
