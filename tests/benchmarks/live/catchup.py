"""Catch-up: events that are in Kafka already, taken in as fast as the machine can."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from uuid import uuid4

import psycopg

from spark_jobs.live.query import LiveQuery
from spark_jobs.session import build_session
from streams.contract.loader import load_contracts
from streams.settings import Settings
from tests.benchmarks.live.events import Events, days_ago
from tests.benchmarks.live.load import preload
from tests.benchmarks.live.machine import Meter
from tests.benchmarks.live.oracle import Oracle
from tests.benchmarks.live.servers import servers

PREFIX = "bench."
Figures = dict[str, object]


def catchup(events: int, rounds: int) -> Figures:
    """Preload once; then so many rounds, each into a database of its own, each compared with DuckDB."""
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        settings = own.installation("preload", PREFIX)
        contracts = load_contracts(settings.contracts_dir)
        made = Events(list(contracts.values())).numbers(0, events, days_ago(2))
        preload(settings.kafka_bootstrap, PREFIX, settings.topic_partitions, made)
        oracle = Oracle(settings, contracts, Path(name))
        results = []
        for number in range(rounds):
            fresh = own.installation(f"round_{number}", PREFIX)
            results.append(_round(fresh, oracle))
    return {
        "benchmark": "catchup",
        "events": events,
        "events_per_second": round(median(float(str(each["events_per_second"])) for each in results)),
        "steady_per_second": round(median(float(str(each["steady_per_second"])) for each in results)),
        "rounds": results,
    }


def _round(settings: Settings, oracle: Oracle) -> Figures:
    spark = build_session(settings, "bench")
    with Meter() as meter:
        query = LiveQuery(spark, settings, uuid4())
        begun = time.monotonic()
        query.start(once=True)
        query.wait()
        seconds = time.monotonic() - begun
        parts = {part: round(each, 1) for part, each in query.seconds.items()}
        query.stop()
    accepted = oracle.check(settings)
    return {
        "events_per_second": round(oracle.sent / seconds),
        "steady_per_second": round(_steady(settings)),
        "seconds": round(seconds, 1),
        "accepted": accepted,
        "parts_seconds": parts,
        "cpu_seconds": meter.cpu_seconds,
        "peak_gib": round(meter.peak_gib, 2),
    }


def _steady(settings: Settings) -> float:
    """Events a second without the first fifth, in which the JVM warms up."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        rows = connection.execute(
            "select extract(epoch from committed_at)::float8, sum(events) over (order by batch)::float8"
            " from ops.batch where query = 'live' order by batch"
        ).fetchall()
    total = rows[-1][1]
    first = next(row for row in rows if row[1] >= total / 5)
    return float((total - first[1]) / (rows[-1][0] - first[0])) if first is not rows[-1] else 0.0
