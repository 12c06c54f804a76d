"""The city at the pace of the clock, day after day, from where the last run stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import structlog

from streams.errors import StreamsError
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.errors import RecipeError, SimulatedWrongly
from streams.simulator.faults import WayName
from streams.simulator.plan import LAST_REPEAT_US, LATEST_US, USUAL, Rates
from streams.simulator.playing import TICK_SECONDS, Tally, Way, send
from streams.simulator.position import Position, Progress
from streams.simulator.schedule import DAY_US, HOUR_US, day_of, midnight

EARLIER_DAYS = (LATEST_US + LAST_REPEAT_US) // DAY_US
"""So many days before today may still have something to send."""

KEEP_SECONDS = 1.0
RETRY_SECONDS = 2.0

log = structlog.get_logger()


@dataclass
class Endless:
    """Sends what is due of every source of `cities`, which is asked again and again: contracts come and go.

    A source begins with today's first event, so that its page shows the whole day. After a restart it goes on
    where it stopped, if that is not longer ago than `longest_gap`; else it begins with today again.
    """

    cities: Callable[[], Mapping[str, City]]
    way: Way
    position: Position
    way_name: WayName = "kafka"
    scale: float = 1.0
    rates: Rates = USUAL
    longest_gap: timedelta = timedelta(days=1)
    clock: Callable[[], float] = time.time
    tally: Tally = field(default_factory=Tally)
    _wrong: set[tuple[str, str]] = field(default_factory=set, init=False)
    _days: dict[tuple[str, str, date], SimulatedDay] = field(default_factory=dict, init=False)

    def run(self, stop: threading.Event) -> Tally:
        """Send until `stop` is set; then what was sent is settled. A platform that is away is waited for."""
        progress, kept = self.position.read(), time.monotonic()
        while not stop.is_set():
            try:
                behind = self._step(progress)
                if time.monotonic() - kept >= KEEP_SECONDS:
                    self._keep(progress)
                    kept = time.monotonic()
                if not behind:
                    stop.wait(TICK_SECONDS)
            except StreamsError as error:
                # What was not acknowledged is sent again, from where the file says: it counts once.
                log.warning("simulator.waits", reason=str(error), seconds=RETRY_SECONDS)
                progress = self.position.read()
                stop.wait(RETRY_SECONDS)
        self._keep(progress)
        return self.tally

    def _step(self, progress: dict[str, Progress]) -> bool:
        """Send what is due of every source, at most an hour of it; whether more is due already."""
        now, behind = int(self.clock() * 1_000_000), False
        for source, city in self.cities().items():
            if (source, city.contract.version) in self._wrong:
                continue
            so_far = progress.get(source)
            if so_far is None or now - so_far.until > self.longest_gap / timedelta(microseconds=1):
                so_far = Progress(midnight(day_of(now)), day_of(now))
            end = max(so_far.until, min(now, so_far.until + HOUR_US))
            try:
                for day in self._open(city, so_far, end):
                    send(day, self.way, so_far.until, end, self.tally)
            except (RecipeError, SimulatedWrongly) as error:
                # One contract that cannot be simulated does not stop the others.
                log.error("simulator.leaves_out", source=source, reason=str(error))
                self._wrong.add((source, city.contract.version))
                continue
            progress[source] = Progress(end, so_far.since)
            behind = behind or end < now
        return behind

    def _keep(self, progress: dict[str, Progress]) -> None:
        self.way.settle()
        self.position.write(progress)

    def _open(self, city: City, so_far: Progress, end: int) -> Iterator[SimulatedDay]:
        """The days that may send something then, none before the first that this simulation ever sent."""
        last = day_of(end)
        for back in range(EARLIER_DAYS, -1, -1):
            day = last - timedelta(days=back)
            if day >= so_far.since:
                yield self._day(city, day)
        self._forget(last - timedelta(days=EARLIER_DAYS))

    def _day(self, city: City, day: date) -> SimulatedDay:
        key = (city.contract.source, city.contract.version, day)
        if key not in self._days:
            self._days[key] = SimulatedDay(city, day, self.scale, self.rates, self.way_name)
        return self._days[key]

    def _forget(self, before: date) -> None:
        for key in [key for key in self._days if key[2] < before]:
            del self._days[key]
