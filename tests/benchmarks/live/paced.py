"""Latency: events are sent by the clock, whatever happens, until a second connection sees their rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

import psycopg

from streams.settings import Settings
from tests.benchmarks.live.events import Events
from tests.benchmarks.live.load import pace
from tests.benchmarks.live.machine import Meter
from tests.benchmarks.live.oracle import Oracle
from tests.benchmarks.live.servers import Servers, servers, streaming
from tests.benchmarks.live.watching import latencies, read_seen, watched
from tests.core_sources import core

WARM_SECONDS = 60
"""The JVM compiles what runs often; a platform that has just been started is not what operators look at."""
PERCENTS = (50, 95, 99)
_ALIVE = "select count(*) from ops.heartbeat where query = 'live'"
_COUNTED = "select coalesce(sum(events), 0) from ops.tally where query = 'live'"
Figures = dict[str, object]
Latency = tuple[float, float]


def paced(rate: float, seconds: float, rounds: int, compare_minutes: float) -> Figures:
    """So many rounds, each with a database, topics and a stream of its own; medians over the rounds.

    compare_minutes: also the first and the last so many minutes of each round, to see whether it gets slower.
    """
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        results = [_round(own, number, rate, seconds, compare_minutes) for number in range(rounds)]
    names = [name for name in results[0] if name.endswith("_ms")]
    return {
        "benchmark": "paced",
        "events_per_second": rate,
        "seconds": seconds,
        **{name: round(median(float(str(each[name])) for each in results)) for name in names},
        "rounds": results,
    }


def _round(own: Servers, number: int, rate: float, seconds: float, compare_minutes: float) -> Figures:
    contracts = core(Settings().contracts_dir)
    settings = own.installation(f"paced_{number}", f"bench{number}.", contracts)
    events = Events(list(contracts.values()), period=timedelta(seconds=1 / rate))
    seen = settings.home / "seen"
    with streaming(settings):
        wait_until(settings, _ALIVE, 1)
        begun = time.time()
        with watched(seen), Meter() as meter:
            samples = pace(
                settings.kafka_bootstrap,
                settings.topic_prefix,
                events,
                partitions=settings.topic_partitions,
                rate=rate,
                seconds=WARM_SECONDS + seconds,
            )
            wait_until(settings, _COUNTED, int(rate * (WARM_SECONDS + seconds)))
            time.sleep(0.1)  # the watching connection has seen it too
    found = latencies(read_seen(seen), [sample for sample in samples if sample.due >= begun + WARM_SECONDS])
    Oracle(settings, contracts, settings.home).check(settings)
    return {
        **_percentiles(found),
        **_compared(found, compare_minutes),
        "sampled": len(found),
        "cpu_seconds": meter.cpu_seconds,
        "peak_gib": round(meter.peak_gib, 2),
    }


def _compared(found: Sequence[Latency], minutes: float) -> Figures:
    if not minutes:
        return {}
    begin, end = found[0][0], found[-1][0]
    first = [each for each in found if each[0] < begin + minutes * 60]
    last = [each for each in found if each[0] > end - minutes * 60]
    return _percentiles(first, "first_") | _percentiles(last, "last_")


def _percentiles(found: Sequence[Latency], prefix: str = "") -> Figures:
    ascending = sorted(milliseconds for _, milliseconds in found)
    at = {percent: min(len(ascending) - 1, len(ascending) * percent // 100) for percent in PERCENTS}
    figures: Figures = {f"{prefix}p{percent}_ms": round(ascending[at[percent]]) for percent in PERCENTS}
    return {**figures, f"{prefix}slowest_ms": round(ascending[-1])}


def wait_until(
    settings: Settings, question: str, least: int, seconds: float = 120, *, every: float = 0.5
) -> None:
    """Return once the question's answer, a number, is at least `least`. Raises TimeoutError."""
    give_up = time.monotonic() + seconds
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(question).fetchone()
            if row is not None and row[0] >= least:
                return
            if time.monotonic() > give_up:
                raise TimeoutError(f"{question}: {row} instead of {least} after {seconds:.0f} s")
            time.sleep(every)
