"""Live minutes add up to the exact day, and a replay of everything changes nothing: of every source at once.

One simulated day of all sources, with what goes wrong on one, through Kafka: one run of the live query, one
of the archive, and a rollup of the day. Then all of it is sent once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from infra.deploy import deploy
from spark_jobs.rollup import lake, uniqueness
from spark_jobs.rollup.archive import Archived
from spark_jobs.rollup.build import built
from spark_jobs.rollup.day import Day
from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.settings import REPOSITORY, Settings
from streams.simulator.answer import expected
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.kafka_way import KafkaWay
from streams.simulator.plan import Rates
from streams.topic_name import topic_name
from streams.zone import ZONE
from tests.contracts.interpreting import interpreted
from tests.spark_jobs.taking_in import take_in

pytestmark = pytest.mark.servers

CONTRACTS = load_contracts(REPOSITORY / "streams" / "contracts")
YESTERDAY = (datetime.now(ZONE) - timedelta(days=1)).date()
EVENTS = 150
"""Of each source, about."""

MISHAPS = Rates(late=0.05, duplicate=0.06, conflict=0.03, faulty=0.1)
Found = dict[str, Any]


@dataclass(frozen=True)
class Platform:
    """Kafka, the live query, the archive and the rollup, each run when it is asked to."""

    settings: Settings
    spark: SparkSession

    def send(self) -> None:
        """The whole day of every source; the same events each time."""
        way = KafkaWay(self.settings)
        for contract in CONTRACTS.values():
            way.send(contract, list(simulated(contract).sendings()))
        way.settle()
        way.close()

    def live(self) -> Found:
        """Minutes of yesterday added up to groups by table, estimates, and what was accepted, by source."""
        with psycopg.connect(self.settings.postgres_dsn) as connection:
            return {source: of_live(connection, contract) for source, contract in CONTRACTS.items()}

    def minutes(self) -> Found:
        """Every row of every live table."""
        tables = [table.name for contract in CONTRACTS.values() for table in metric_tables(contract)]
        with psycopg.connect(self.settings.postgres_dsn) as connection:
            return {
                name: sorted(connection.execute(f'select * from live."{name}"').fetchall(), key=str)
                for name in tables
            }

    def rolled_up(self) -> dict[str, Day]:
        """The day of every source, exactly."""
        events = lake.events(self.spark, self.settings.lake_dir).persist()
        with psycopg.connect(self.settings.postgres_dsn) as connection:
            found = {}
            for source, contract in CONTRACTS.items():
                own = events.where(F.col("topic") == topic_name(self.settings.topic_prefix, source))
                rows = own.select("topic", "partition", "offset", "received_at", "value").coalesce(1)
                whole = Archived({}, complete=True, span=None)
                taken = uniqueness.elsewhere(connection, YESTERDAY)
                with built(rows, contract, self.settings.topic_prefix, YESTERDAY, whole, taken=taken) as made:
                    found[source] = made.day
        events.unpersist()
        return found


def simulated(contract: Contract) -> SimulatedDay:
    return SimulatedDay(City(contract), YESTERDAY, EVENTS / contract.expect.per_day, MISHAPS)


def of_live(connection: psycopg.Connection, contract: Contract) -> Found:
    """Live minutes of yesterday, merged to what the day has."""
    found: Found = {}
    for table in metric_tables(contract):
        names = [f'"{name}"' for name in table.dimensions]
        merged = [
            f'{"sum" if each.aggregate == "count" else each.aggregate}("{each.name}")::bigint'
            for each in table.columns
        ]
        query = (
            f'select {", ".join((*names, *merged))} from live."{table.name}"'
            " where (minute at time zone 'Asia/Shanghai')::date = %s"
            + (f" group by {', '.join(names)}" if names else " having count(*) > 0")
        )
        found[table.metric] = sorted(connection.execute(query.encode(), (YESTERDAY,)).fetchall(), key=str)
    estimates = connection.execute(
        "select metric, measure, dimensions, estimate from live.distinct_day"
        " where source = %s and event_day = %s",
        (contract.source, YESTERDAY),
    ).fetchall()
    found["distinct"] = sorted(
        (metric, measure, json.dumps(dimensions, ensure_ascii=False, sort_keys=True), value)
        for metric, measure, dimensions, value in estimates
    )
    row = connection.execute(
        "select coalesce(sum(events), 0)::int from ops.tally"
        " where query = 'live' and source = %s and outcome = 'accepted'",
        (contract.source,),
    ).fetchone()
    found["accepted"] = row[0] if row else 0
    return found


def of_day(day: Day) -> Found:
    """What a rollup found, in the same form."""
    found: Found = {
        metric: sorted((tuple(row.values()) for row in table.to_pylist()), key=str)
        for metric, table in day.metrics.items()
    }
    # Of a group in which nobody is named a day says 0, and live nothing: it has no sketch of nobody.
    found["distinct"] = sorted(
        (each.metric, each.measure, each.key, each.value) for each in day.distinct if each.value
    )
    return found | {"accepted": day.counts.accepted}


@pytest.fixture
def platform(settings: Settings) -> Iterator[Platform]:
    """One partition a topic: what is sent first is received first."""
    own = settings.model_copy(update={"topic_partitions": 1})
    deploy(own, CONTRACTS.values())
    spark = lake.rollup_session(own, events=0)
    with interpreted(spark):
        yield Platform(own, spark)


def test_live_equals_daily_and_a_replay_changes_nothing(platform: Platform) -> None:
    platform.send()
    take_in(platform.spark, platform.settings)
    live, minutes, daily = platform.live(), platform.minutes(), platform.rolled_up()
    assert live == {source: of_day(day) for source, day in daily.items()}
    told = {source: expected(simulated(contract)) for source, contract in CONTRACTS.items()}
    assert {source: each["accepted"] for source, each in live.items()} == {
        source: answer.accepted for source, answer in told.items()
    }
    assert sum(answer.duplicate for answer in told.values()) > 30
    assert sum(answer.quarantined for answer in told.values()) > 100

    platform.send()
    take_in(platform.spark, platform.settings)
    assert platform.live() == live
    assert platform.minutes() == minutes
    again = platform.rolled_up()
    assert {source: day.fingerprint for source, day in again.items()} == {
        source: day.fingerprint for source, day in daily.items()
    }
    # At least: what a rule across events refuses is a repeat, too, when it comes again under its id.
    for source, answer in told.items():
        repeated = daily[source].counts.duplicate + answer.accepted + answer.duplicate
        assert again[source].counts.duplicate >= repeated, source
