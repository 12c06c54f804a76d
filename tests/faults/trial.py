"""The frame of every fault: events flow, something breaks, and in the end every table is right."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random

from tests.faults.comparison import differences
from tests.faults.generator import MIXTURE, Generator, Kind
from tests.faults.platform import PREFIX, Platform
from tests.faults.timing import CaughtUp, Clock, caught_up
from tests.faults.traffic import Traffic
from tests.waiting import wait_for

CITY_PACE = 150.0
"""Events a second of the whole city at its busiest hour."""
RATE = float(os.environ.get("FAULTS_RATE", CITY_PACE))
SETTLE_SECONDS = 300
SPRUNG_SECONDS = 120
"""For how long a trap may wait for its moment on a busy machine."""
WARM_EVENTS = 300
AWAY_SECONDS = 60.0 if "FAULTS_LONG" in os.environ else 6.0
"""How long an outage lasts."""


class Unsound(AssertionError):
    """After a fault something is missing, double or wrong. Whoever runs the tests does not try again."""


def seed() -> str:
    """Set by FAULTS_SEED, or another one each time."""
    return os.environ.setdefault("FAULTS_SEED", str(int(time.time())))


class Trial:
    """Faults of one platform; `traffic` and what is compared go on from one to the next."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.dice = Random(seed())
        generator = Generator(platform.contracts.values(), seed())
        self.traffic = Traffic(platform.settings.kafka_bootstrap, PREFIX, generator)
        self.measured: list[CaughtUp] = []
        self.is_sound = True

    def warm(self) -> None:
        """Until first batches are through: a cold JVM's takes tens of seconds, and is no fault."""
        with self.comparing():
            self.traffic.send(WARM_EVENTS)

    @contextmanager
    def breaking(
        self, fault: str, rate: float = RATE, mixture: Mapping[Kind, int] = MIXTURE
    ) -> Iterator[Clock]:
        """The block breaks something and heals it while events flow; then all of them are where they must be.

        Seconds are counted from `clock.start()`, or from the end of the block.
        """
        with self.comparing():
            clock = Clock()
            with self.traffic.flowing(rate, mixture):
                time.sleep(self.dice.uniform(0.5, 2))
                yield clock
                self.measured.append(caught_up(fault, clock, rate, self.traffic, self.platform.counted))

    @contextmanager
    def comparing(self) -> Iterator[None]:
        """After the block, which ends with nothing broken, everything is counted once and archived once.
        Raises Unsound.
        """
        self.is_sound = False
        yield
        try:
            self.settle()
        except AssertionError as missing:
            raise Unsound(str(missing)) from None
        if found := differences(self.platform.settings, self.platform.contracts, self.traffic.sent):
            raise Unsound("\n".join(found))
        self.is_sound = True

    def settle(self) -> None:
        """Wait until every event that was sent is counted, and is in the lake."""
        self.traffic.flush()
        for query in ("live", "archive"):
            wait_for(lambda: self.platform.counted(query) >= len(self.traffic.sent), SETTLE_SECONDS)  # noqa: B023 (called in this round only)
