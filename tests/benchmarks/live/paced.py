"""Latency: events sent by the clock, whatever the platform does, until their row is visible in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from streams.contract.loader import load_contracts
from streams.settings import Settings
from tests.benchmarks.live.events import Events
from tests.benchmarks.live.load import Sample, pace
from tests.benchmarks.live.machine import Meter
from tests.benchmarks.live.oracle import Oracle
from tests.benchmarks.live.servers import servers

PREFIX = "bench."
WARM_SECONDS = 20
_ALIVE = "select count(*) from ops.heartbeat where query = 'live'"
_COUNTED = "select coalesce(sum(events), 0) from ops.tally where query = 'live'"
Figures = dict[str, object]


def paced(rate: float, seconds: float) -> Figures:
    """The application as it is (live query and archive); the first WARM_SECONDS are not counted."""
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        settings = own.installation("paced", PREFIX)
        contracts = load_contracts(settings.contracts_dir)
        events = Events(list(contracts.values()), period=timedelta(seconds=1 / rate))
        with (Path(name) / "stream.log").open("w") as log:
            process = subprocess.Popen([sys.executable, "-m", "spark_jobs.stream"], stdout=log, stderr=log)
        try:
            _wait(settings, _ALIVE, 1)
            begun = time.time()
            with Meter() as meter:
                samples = pace(
                    settings.kafka_bootstrap,
                    PREFIX,
                    events,
                    partitions=settings.topic_partitions,
                    rate=rate,
                    seconds=WARM_SECONDS + seconds,
                )
                _wait(settings, _COUNTED, int(rate * (WARM_SECONDS + seconds)))
            samples = [sample for sample in samples if sample.due >= begun + WARM_SECONDS]
            latencies = _latencies(settings, samples)
        finally:
            process.terminate()
            process.wait(30)
        Oracle(settings, contracts, Path(name)).check(settings)
    return {
        "benchmark": "paced",
        "events_per_second": rate,
        "seconds": seconds,
        **{f"p{percent}_ms": round(_percentile(latencies, percent)) for percent in (50, 95, 99)},
        "slowest_ms": round(latencies[-1]),
        "sampled": len(latencies),
        "cpu_seconds": meter.cpu_seconds,
        "peak_gib": round(meter.peak_gib, 2),
    }


def _latencies(settings: Settings, samples: list[Sample]) -> list[float]:
    """Milliseconds from when an event was due to be sent until its batch was committed, ascending.

    An event is in the first batch whose newest received time is not before its own.
    """
    with psycopg.connect(settings.postgres_dsn) as connection:
        batches = connection.execute(
            "select extract(epoch from newest_received_at)::float8, extract(epoch from committed_at)::float8"
            " from ops.batch where query = 'live' order by committed_at"
        ).fetchall()
    found, at = [], 0
    for sample in sorted(samples, key=lambda each: each.received):
        while batches[at][0] < sample.received:
            at += 1
        found.append((batches[at][1] - sample.due) * 1000)
    return sorted(found)


def _percentile(ascending: list[float], percent: int) -> float:
    return ascending[min(len(ascending) - 1, len(ascending) * percent // 100)]


def _wait(settings: Settings, question: str, least: int, seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(question).fetchone()
            if row is not None and row[0] >= least:
                return
            if time.monotonic() > give_up:
                raise TimeoutError(f"{question}: {row} instead of {least} after {seconds:.0f} s")
            time.sleep(0.5)
