"""Sends what the generator makes, and knows of every record where Kafka has put it and when."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from tests.faults.generator import MIXTURE, Generator, Kind, Made

TICK_SECONDS = 0.05
PATIENCE_SECONDS = 180
CLIENT: Mapping[str, Any] = {
    "enable.idempotence": True, "linger.ms": 5, "compression.type": "lz4", "message.timeout.ms": 0,
    "reconnect.backoff.max.ms": 500, "queue.buffering.max.messages": 1_000_000,
    "log_level": 2,  # a broker that is away is what the tests are about
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A record that Kafka has acknowledged; `received_at` is Kafka's time of it. gone: with its topic."""

    made: Made
    topic: str
    partition: int
    offset: int
    received_at: datetime
    gone: bool = False


class Traffic:
    """Records into topics of `prefix`; `sent` has those that are acknowledged."""

    def __init__(self, bootstrap: str, prefix: str, generator: Generator) -> None:
        self._bootstrap, self._prefix, self._generator = bootstrap, prefix, generator
        self._producer = Producer({"bootstrap.servers": bootstrap, **CLIENT})
        self._failures: list[str] = []
        self._making = threading.Lock()
        self._history: list[tuple[float, int]] = [(0.0, 0)]
        self.sent: list[Sent] = []

    def send(
        self, events: int, mixture: Mapping[Kind, int] = MIXTURE, key: str | None = None, **options: Any
    ) -> int:
        """At least so many records, as fast as it goes; `key` goes before their own. How many it were."""
        count = 0
        while count < events:
            with self._making:  # who sends a burst does so while others flow
                for made in self._generator.make(mixture, key):
                    self.put(made, **options)
                    count += 1
        return count

    def put(self, made: Made, **options: Any) -> None:
        """One record; `options` are confluent-kafka's (timestamp, partition)."""

        def told(error: object, message: Any) -> None:
            if error is not None:
                self._failures.append(str(error))
                return
            received = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
            self.sent.append(Sent(made, message.topic(), message.partition(), message.offset(), received))

        topic = self._prefix + made.source
        self._producer.produce(topic, made.value, made.key, on_delivery=told, **options)
        self._producer.poll(0)

    @contextmanager
    def flowing(self, rate: float, mixture: Mapping[Kind, int] = MIXTURE) -> Iterator[None]:
        """`rate` records a second by the clock until the block ends; then all are acknowledged."""
        stop, failures = threading.Event(), list[BaseException]()

        def flow() -> None:
            begun, count = time.monotonic(), 0
            try:
                while not stop.wait(TICK_SECONDS):
                    due = round((time.monotonic() - begun) * rate)
                    count += self.send(due - count, mixture) if due > count else 0
                    self._producer.poll(0)
                    self._history.append((time.monotonic(), len(self.sent)))
            except (KafkaException, BufferError, AssertionError) as error:
                failures.append(error)

        thread = threading.Thread(target=flow, name="traffic")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.flush()
        assert failures == []

    def acknowledged_at(self, moment: float) -> int:
        """How many records Kafka had acknowledged at that time.monotonic(), while they flowed."""
        return self._history[bisect_right(self._history, (moment, 2**62)) - 1][1]

    def flush(self) -> None:
        """Return when Kafka has acknowledged everything."""
        assert self._producer.flush(PATIENCE_SECONDS) == 0
        assert self._failures == []
        self._history.append((time.monotonic(), len(self.sent)))

    def reconnect(self) -> None:
        """A new producer: after a topic was made anew the old one's sequence numbers mean nothing."""
        self.flush()
        self._producer = Producer({"bootstrap.servers": self._bootstrap, **CLIENT})
