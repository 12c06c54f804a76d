"""A lake of its own for a test: rows as the archive appends them, positions and spans with them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from pyspark.sql import SparkSession

from expectations.application import Options, run
from expectations.report import Report
from infra.deploy import deploy
from spark_jobs.lake import TABLE
from spark_jobs.rollup.lake import rollup_session
from streams.settings import Settings
from tests.core_sources import core
from tests.spark_jobs.rollup.meals import SHANGHAI, SOURCE, Told, lake_rows

Tell = Callable[[Iterable[Told]], None]
RollUp = Callable[..., Report]


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    """An installation with the core sources deployed, without rules across events (see test_rules)."""
    deploy(settings, core(settings.contracts_dir).values())
    return settings


@pytest.fixture
def spark(deployed: Settings) -> SparkSession:
    """The session of rollups; one for the whole test run."""
    return rollup_session(deployed, events=0)


@pytest.fixture
def tell(deployed: Settings, spark: SparkSession) -> Tell:
    """Append records to the lake, and note them as archive and live query do."""

    def append(records: Iterable[Told]) -> None:
        kept = list(records)
        table = lake_rows(kept, deployed.topic_prefix + SOURCE)
        frame = spark.createDataFrame(table)
        path = str(deployed.lake_dir / TABLE)
        frame.write.format("delta").mode("append").partitionBy("received_day").save(path)
        with psycopg.connect(deployed.postgres_dsn) as connection:
            note(connection, deployed.topic_prefix + SOURCE, kept)

    return append


def note(connection: psycopg.Connection, topic: str, records: list[Told]) -> None:
    """Positions, tallies, quarantine and spans, as a live query without a fault would leave them."""
    ends = Counter[int]()
    for record in records:
        ends[record.partition] = max(ends[record.partition], record.offset + 1)
    for query in ("live", "archive"):
        for partition, end in ends.items():
            connection.execute(
                "insert into ops.position (query, topic, partition, topic_id, next_offset)"
                " values (%s, %s, %s, gen_random_uuid(), %s) on conflict (query, topic, partition)"
                " do update set next_offset = greatest(excluded.next_offset, ops.position.next_offset)",
                (query, topic, partition, end),
            )
    tally = Counter[tuple[str, date, str]]()
    spans = Counter[tuple[date, date]]()
    for record in records:
        received, day = (each.astimezone(SHANGHAI).date() for each in (record.received_at, record.event_at))
        tally["archive", received, "archived"] += 1
        tally["live", received, "accepted" if record.good else "quarantined"] += 1
        if record.good:
            spans[day, received] += 1
            continue
        connection.execute(
            'insert into ops.quarantine (source, topic, partition, "offset", received_at, event_time,'
            " reasons, excerpt) values (%s, %s, %s, %s, %s, %s, %s, '') on conflict do nothing",
            (
                SOURCE, topic, record.partition, record.offset, record.received_at,
                record.event_at if record.data else None, json.dumps([]),
            ),
        )  # fmt: skip
    for (query, received, outcome), events in tally.items():
        connection.execute(
            "insert into ops.tally values (%s, %s, %s, %s, %s)"
            " on conflict (query, source, received_day, outcome)"
            " do update set events = ops.tally.events + excluded.events",
            (query, SOURCE, received, outcome, events),
        )
    for (day, received), events in spans.items():
        connection.execute(
            "insert into ops.span values (%s, %s, %s, %s) on conflict (source, event_day, received_day)"
            " do update set events = ops.span.events + excluded.events",
            (SOURCE, day, received, events),
        )


@pytest.fixture
def roll_up(deployed: Settings) -> RollUp:
    """Roll up a day of meals a month after it."""

    def one(day: date, now: datetime | None = None, **options: bool) -> Report:
        clock = now or datetime.now(UTC) + timedelta(days=0)
        chosen = Options(patience_seconds=0, **options)
        (report,) = run(deployed, [(SOURCE, day)], chosen, lambda: clock)
        return report

    return one
