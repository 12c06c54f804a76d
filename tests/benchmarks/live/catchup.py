"""Catch-up: events that are in Kafka already, taken in as fast as the machine can."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from uuid import uuid4

import psycopg

from spark_jobs.live.query import LiveQuery
from spark_jobs.session import QUICK_COMPILER, build_session
from streams.contract.model import Contract
from streams.settings import Settings
from tests.benchmarks.live.events import Events, days_ago
from tests.benchmarks.live.load import preload
from tests.benchmarks.live.machine import Meter
from tests.benchmarks.live.oracle import Oracle
from tests.benchmarks.live.servers import Servers, servers
from tests.core_sources import chosen

Figures = dict[str, object]


@dataclass(frozen=True)
class Loaded:
    """Events of some contracts that stand in Kafka, and what must be made of them."""

    name: str
    prefix: str
    contracts: Mapping[str, Contract]
    oracle: Oracle

    @classmethod
    def of(cls, own: Servers, events: int, count: int) -> Loaded:
        """Send them. count: copies of one contract, 0 for the core sources."""
        name = f"contracts_{count}"
        contracts = chosen(Settings().contracts_dir, count)
        settings = own.installation(name, f"{name}.", contracts)
        made = Events(list(contracts.values())).numbers(0, events, days_ago(2))
        preload(settings.kafka_bootstrap, settings.topic_prefix, settings.topic_partitions, made)
        return cls(name, settings.topic_prefix, contracts, Oracle(settings, contracts, settings.home))

    def round(self, own: Servers, number: int) -> Figures:
        """Take all of it into a database of its own, which is compared with DuckDB."""
        settings = own.installation(f"{self.name}_{number}", self.prefix, self.contracts)
        return _round(settings, self.oracle)


def catchup(events: int, rounds: int, contracts: int) -> Figures:
    """Preload once; then so many rounds. contracts: copies of one, 0 for the core sources."""
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        loaded = Loaded.of(own, events, contracts)
        results = [loaded.round(own, number) for number in range(rounds)]
    return {
        "benchmark": "catchup",
        "events": events,
        "contracts": len(loaded.contracts),
        "events_per_second": round(_median(results, "events_per_second")),
        "steady_per_second": round(_median(results, "steady_per_second")),
        "rounds": results,
    }


def many(events: int, rounds: int, contracts: int) -> Figures:
    """One contract against many that differ in their name only, the same number of events, in turn.

    The order of each pair changes from round to round: what makes the machine slower over time meets both.
    A round before them, which does not count, warms the JVM up.
    """
    with tempfile.TemporaryDirectory(prefix="minsheng-bench-") as name, servers(Path(name)) as own:
        loaded = {count: Loaded.of(own, events, count) for count in (1, contracts)}
        loaded[1].round(own, rounds)
        results: dict[int, list[Figures]] = {1: [], contracts: []}
        for number in range(rounds):
            order = (1, contracts) if number % 2 == 0 else (contracts, 1)
            for count in order:
                results[count].append(loaded[count].round(own, number))
    speed = {count: _median(each, "events_per_second") for count, each in results.items()}
    steady = {count: _median(each, "steady_per_second") for count, each in results.items()}
    return {
        "benchmark": "many",
        "events": events,
        "contracts": contracts,
        "one_per_second": round(speed[1]),
        "many_per_second": round(speed[contracts]),
        "lost_percent": round(100 - 100 * speed[contracts] / speed[1], 1),
        "lost_percent_steady": round(100 - 100 * steady[contracts] / steady[1], 1) if steady[1] else None,
        "rounds": [{"contracts": count, **each} for count in results for each in results[count]],
    }


def _median(results: list[Figures], name: str) -> float:
    return median(float(str(each[name])) for each in results)


def _round(settings: Settings, oracle: Oracle) -> Figures:
    spark = build_session(settings, "bench", java_options=QUICK_COMPILER)
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
