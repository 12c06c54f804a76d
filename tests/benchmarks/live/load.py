"""The load: confluent-kafka, because a producer in pure Python would fill the cores that are measured."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from confluent_kafka import Producer

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


def pace(bootstrap: str, prefix: str, events: Events, *, partitions: int, rate: float, seconds: float) -> int:
    """Send `rate` events a second by the clock, whatever the platform does (open loop); event time is now."""
    client = producer(bootstrap, 5)
    begun, total, number = time.time(), int(rate * seconds), 0
    while number < total:
        due = min(int((time.time() - begun) * rate), total)
        for each in range(number, due):
            scheduled = begun + each / rate
            when = datetime.fromtimestamp(scheduled - 0.002 * each).astimezone()
            event = events.at(each, when)
            client.produce(prefix + event.source, event.value, event.place, partition=each // 3 % partitions)
        number = due
        client.poll(0)
        time.sleep(0.004)
    client.flush()
    return total
