"""The load: confluent-kafka, because a producer in pure Python would fill the cores that are measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from confluent_kafka import Message, Producer

from streams.zone import ZONE
from tests.benchmarks.live.events import Events, Made


def producer(bootstrap: str, linger_ms: int) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "compression.type": "lz4",
            "linger.ms": linger_ms,
            "batch.size": 1_000_000,
            "queue.buffering.max.messages": 500_000,
            "queue.buffering.max.kbytes": 500_000,
            "enable.idempotence": True,
        }
    )


def preload(bootstrap: str, prefix: str, partitions: int, made: Iterable[Made]) -> int:
    """Send them all as fast as they can be made; gives back how many that were."""
    client = producer(bootstrap, 50)
    number = -1
    for number, event in enumerate(made):
        while True:
            try:
                client.produce(
                    prefix + event.source, event.value, event.place, partition=number // 3 % partitions
                )
                break
            except BufferError:
                client.poll(0.05)
        if number % 10_000 == 0:
            client.poll(0)
    client.flush()
    return number + 1


@dataclass(frozen=True)
class Sample:
    """When an event was due to be sent (seconds since 1970), and where Kafka has put it."""

    due: float
    topic: str
    partition: int
    offset: int


def always() -> bool:
    return True


def pace(
    bootstrap: str,
    prefix: str,
    events: Events,
    *,
    partitions: int,
    rate: float,
    seconds: float,
    going: Callable[[], bool] = always,
) -> list[Sample]:
    """Send `rate` events a second by the clock, whatever the platform does (open loop), while `going()`.

    `events` has the period that belongs to `rate`, so that event times are now. Gives back a sample of some
    hundred events a second at most.
    """
    client = producer(bootstrap, 5)
    samples: list[Sample] = []
    begun, total, number = time.time(), int(rate * seconds), 0
    start = datetime.fromtimestamp(begun, ZONE)
    every = max(1, int(rate) // 200)
    while number < total and going():
        due = min(int((time.time() - begun) * rate), total)
        for each in range(number, due):
            scheduled = begun + each / rate
            event = events.at(each, start)
            told = partial(_keep, samples, scheduled) if each % every == 0 else None
            client.produce(
                prefix + event.source,
                event.value,
                event.place,
                partition=each // 3 % partitions,
                on_delivery=told,
            )
        number = due
        client.poll(0)
        time.sleep(0.004)
    client.flush()
    return samples


def _keep(samples: list[Sample], due: float, error: object, message: Message) -> None:
    if error is not None:
        raise RuntimeError(f"Kafka did not take an event: {error}")
    samples.append(
        Sample(due, str(message.topic()), int(message.partition() or 0), int(message.offset() or 0))
    )
