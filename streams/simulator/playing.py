"""Sending simulated days at any pace."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from streams.contract.model import Contract
from streams.simulator.day import Sending, SimulatedDay
from streams.simulator.plan import Kind
from streams.simulator.schedule import DAY_US, HOUR_US, midnight

TICK_SECONDS = 0.1
BATCH = 2_000


class Way(Protocol):
    """A way into the platform."""

    def send(self, contract: Contract, sendings: Sequence[Sending]) -> None:
        """Hand over events of one source, in order. Raises StreamsError when the platform takes nothing."""

    def settle(self) -> None:
        """Wait until everything handed over is acknowledged. Raises StreamsError if something is not."""


@dataclass
class Tally:
    """What was sent, by source and kind."""

    sent: dict[str, Counter[Kind]] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, source: str, sendings: Sequence[Sending]) -> None:
        self.sent.setdefault(source, Counter()).update(sending.kind for sending in sendings)

    @property
    def total(self) -> int:
        return sum(counts.total() for counts in self.sent.values())


def play(
    days: Sequence[SimulatedDay],
    way: Way,
    *,
    speed: float | None = None,
    begin: int | None = None,
    end: int | None = None,
    stop: threading.Event | None = None,
    on_sent: Callable[[str, int], None] = lambda source, count: None,
) -> Tally:
    """Send what those days send from `begin` on and before `end`, and wait until it is acknowledged.

    speed: simulated seconds a second; None: as fast as possible. What is sent after the day is over (late
    events, resends) is not waited for but follows at once. `stop` ends it early, with what was sent settled.
    Raises StreamsError.
    """
    started, tally, stop = time.monotonic(), Tally(), stop or threading.Event()
    first = begin if begin is not None else min((_first(day) for day in days), default=0)
    last = end if end is not None else max((day.end for day in days), default=0)
    over = max((midnight(day.day) + DAY_US for day in days), default=0)
    now = first
    while now < last and not stop.is_set():
        then = min(last, now + HOUR_US) if now < over else last
        if speed is not None and now < over:
            stop.wait(TICK_SECONDS)
            then = min(then, max(now, first + int((time.monotonic() - started) * speed * 1_000_000)))
        for day in days:
            send(day, way, now, then, tally, on_sent=on_sent)
        now = then
    way.settle()
    tally.seconds = time.monotonic() - started
    return tally


def send(
    day: SimulatedDay,
    way: Way,
    begin: int,
    end: int,
    tally: Tally,
    *,
    on_sent: Callable[[str, int], None] = lambda source, count: None,
) -> None:
    """Send a piece of a day, in batches."""
    sendings = day.sendings(begin, end)
    while batch := list(islice(sendings, BATCH)):
        way.send(day.contract, batch)
        tally.add(day.contract.source, batch)
        on_sent(day.contract.source, len(batch))


def _first(day: SimulatedDay) -> int:
    return int(day.plan.at[0]) if len(day.plan.at) else midnight(day.day)
