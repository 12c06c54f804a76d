"""How long catching up took, of each fault, for who runs the tests to see."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from tests.faults.traffic import Traffic
from tests.waiting import PAUSE_SECONDS

BEHIND_SECONDS = 2.0
"""Caught up: everything that Kafka acknowledged so long ago is committed."""
PATIENCE_SECONDS = 60 if "FAULTS_LONG" in os.environ else 20
"""So long events flow on. What a busy machine has not caught up with by then it does once they have ended."""
REPORT = "FAULTS_REPORT"
"""A file that each measured fault is appended to, as a line of JSON."""


@dataclass(frozen=True)
class CaughtUp:
    """seconds: from the fault, or from its end, until caught up; None: not within PATIENCE_SECONDS.
    rate: events a second meanwhile.
    """

    fault: str
    seconds: float | None
    rate: float

    @property
    def told(self) -> str:
        return f"{'more than ' if self.seconds is None else ''}{self.seconds or PATIENCE_SECONDS:.1f} s"


class Clock:
    """Runs from the last `start` on."""

    def __init__(self) -> None:
        self.started: float | None = None

    def start(self) -> None:
        self.started = time.monotonic()


def caught_up(
    fault: str, clock: Clock, rate: float, traffic: Traffic, counted: Callable[[], int]
) -> CaughtUp:
    """Wait, while events flow at `rate`, until all that was acknowledged BEHIND_SECONDS ago is committed."""
    begun = clock.started if clock.started is not None else time.monotonic()
    before, seconds = traffic.acknowledged_at(begun), None
    while seconds is None and time.monotonic() < begun + PATIENCE_SECONDS:
        due = traffic.acknowledged_at(time.monotonic() - BEHIND_SECONDS)
        with suppress(psycopg.OperationalError):  # it may be PostgreSQL that comes back
            if due > before and counted() >= due:
                seconds = round(time.monotonic() - begun, 1)
        time.sleep(PAUSE_SECONDS)
    found = CaughtUp(fault, seconds, rate)
    if REPORT in os.environ:
        with Path(os.environ[REPORT]).open("a", encoding="utf-8") as report:
            report.write(json.dumps(asdict(found)) + "\n")
    return found
