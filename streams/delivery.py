"""What becomes of records that were handed to Kafka: each is acknowledged or given up, within a set time.

kafka-python's own `delivery_timeout_ms` does not hold: while its sender waits for a new producer epoch, it
expires nothing (3.0.12: a stopped broker left futures open for over a minute). Deadlines does.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple

from streams.errors import KafkaAway


class Record(NamedTuple):
    """What goes to Kafka."""

    topic: str
    key: bytes | None
    value: bytes


class Position(NamedTuple):
    """Where Kafka keeps an acknowledged record, and when it took it (epoch milliseconds)."""

    topic: str
    partition: int
    offset: int
    received_ms: int


Outcome = Position | KafkaAway


class Delivery:
    """What became of each of some records, in their order: a Position or KafkaAway.

    `done` resolves to that list when the last one is known; it never fails. Its callbacks run in another
    thread and must not block.
    """

    def __init__(self, count: int) -> None:
        self.done: Future[list[Outcome]] = Future()
        self._outcomes: list[Outcome | None] = [None] * count
        self._left = count
        self._lock = threading.Lock()
        if count == 0:
            self.done.set_result([])

    def settle(self, index: int, outcome: Outcome) -> None:
        """Note the outcome of one record; a second outcome of the same record is ignored."""
        with self._lock:
            if self._outcomes[index] is not None:
                return
            self._outcomes[index] = outcome
            self._left -= 1
            if self._left:
                return
        self.done.set_result([outcome for outcome in self._outcomes if outcome is not None])

    def give_up(self, away: KafkaAway) -> bool:
        """Settle what is open; whether anything was."""
        if self.done.done():
            return False
        for index in range(len(self._outcomes)):
            self.settle(index, away)
        return True


class Deadlines:
    """Calls back when something has not happened in time; one daemon thread, every wait equally long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="delivery-deadlines", daemon=True)
        self._thread.start()

    def add(self, overdue: Callable[[], None]) -> None:
        """Call `overdue` after the time that this object stands for."""
        with self._changed:
            self._waiting.append((time.monotonic() + self._seconds, overdue))
            if len(self._waiting) == 1:
                self._changed.notify()

    def close(self) -> None:
        """Call nobody any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                if pause is None or pause > 0:
                    self._changed.wait(pause)
                    continue
                _, overdue = self._waiting.popleft()
            overdue()
