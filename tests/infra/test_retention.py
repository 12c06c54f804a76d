"""What is older than the settings keep is deleted, and a day whose events are gone is not rolled up again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.deploy import deploy
from infra.retention import forgotten, oldest_kept, prune
from spark_jobs.live.ledger import forget_batches
from streams.settings import Settings
from tests.core_sources import as_written

pytestmark = pytest.mark.servers
TODAY = date(2026, 9, 1)


def fill(settings: Settings, ages: list[int]) -> None:
    """A row of each table for each age in days; midnight of the day in Shanghai."""
    with psycopg.connect(settings.postgres_dsn) as connection:
        for number, age in enumerate(ages):
            moment = f"{TODAY - timedelta(days=age)}T00:00:00+08:00"
            connection.execute(
                "insert into ops.quarantine"
                ' (source, topic, partition, "offset", received_at, reasons, excerpt)'
                " values ('a', 't', 0, %s, %s, '[]', '')",
                (number, moment),
            )
            connection.execute(
                "insert into ops.validation"
                " (scope, source, event_day, validated_at, success, evaluated, failed, results)"
                " values ('day', 'a', %s, %s, true, 1, 0, '[]')",
                (TODAY, moment),
            )


def left(settings: Settings) -> list[int]:
    with psycopg.connect(settings.postgres_dsn) as connection:
        counts = (
            connection.execute("select count(*) from ops.quarantine").fetchone(),
            connection.execute("select count(*) from ops.validation").fetchone(),
        )
    return [count[0] for count in counts if count]


@pytest.mark.parametrize(("days", "gone"), [(400, 1), (100, 3)])
def test_rows_older_than_the_setting_are_deleted(settings: Settings, days: int, gone: int) -> None:
    keeping = settings.model_copy(update={"ops_retention_days": days})
    fill(settings, [0, 100, 101, 400, 401])
    expected = dict.fromkeys(("quarantine", "validation"), gone)
    expected |= dict.fromkeys(("unique_claim", "case_step"), 0)
    assert prune(keeping, TODAY, dry_run=True) == expected
    assert left(settings) == [5, 5]
    assert prune(keeping, TODAY) == expected
    assert left(settings) == [5 - gone] * 2
    assert prune(keeping, TODAY) == dict.fromkeys(expected, 0)


def test_claims_of_long_rules_and_whole_cases_are_kept_as_long_as_the_lake(settings: Settings) -> None:
    keeping = settings.model_copy(update={"lake_retention_days": 100})
    with psycopg.connect(settings.postgres_dsn) as connection:
        steps = [("old", 150), ("old", 101), ("going on", 101), ("going on", 99)]
        for number, (case, age) in enumerate(steps):
            moment = f"{TODAY - timedelta(days=age)}T00:00:00+08:00"
            connection.execute(
                "insert into ops.unique_claim values ('infinity', gen_random_uuid(), 0, 1, %s, %s, %s)",
                (TODAY, number, moment),
            )
            connection.execute(
                "insert into ops.case_step values ('a', %s, 'step', %s, %s, %s)",
                (case, moment, moment, number),
            )
    assert {name: count for name, count in prune(keeping, TODAY).items() if count} == {
        "unique_claim": 3,
        "case_step": 2,
    }


def test_a_day_is_forgotten_when_events_of_it_were_received_before_what_the_lake_keeps(
    settings: Settings,
) -> None:
    keeping = settings.model_copy(update={"lake_retention_days": 100})
    oldest = oldest_kept(keeping, TODAY)
    assert oldest == date(2026, 5, 24)
    spans = {"recent": oldest, "old": oldest - timedelta(days=1)}
    with psycopg.connect(settings.postgres_dsn) as connection:
        for source, received in spans.items():
            # History: an event day long past, received lately, is still in the lake.
            connection.execute("insert into ops.span values (%s, '2020-01-01', %s, 5)", (source, received))
    wanted = [("recent", date(2020, 1, 1)), ("old", date(2020, 1, 1)), ("old", date(2020, 1, 2))]
    assert forgotten(keeping, wanted, TODAY) == [("old", date(2020, 1, 1))]


def test_a_rollup_of_a_forgotten_day_is_refused_before_anything_starts(settings: Settings) -> None:
    deploy(settings, as_written().values())
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute("insert into ops.span values ('canteen_meal', '2020-01-01', '2020-01-01', 5)")
    result = CliRunner().invoke(app, ["rollup", "run", "--day", "2020-01-01", "--source", "canteen_meal"])
    assert result.exit_code == 2
    assert "canteen_meal 2020-01-01" in " ".join(result.stderr.split())


def test_batches_and_minutes_of_the_ledger_are_kept_for_three_days(settings: Settings) -> None:
    now = datetime(2026, 9, 1, 12, tzinfo=UTC)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for hours in (0, 71, 73):
            at = now - timedelta(hours=hours)
            connection.execute(
                "insert into ops.batch (query, run, batch, started_at, committed_at, events)"
                " values ('live', gen_random_uuid(), %s, %s, %s, 1)",
                (hours, at, at),
            )
            connection.execute(
                "insert into ops.ledger_minute values (%s, 'meal', %s, 1, 1, 0, 0, 0, 0, 1, 0)", (at, TODAY)
            )
        forget_batches(connection, now)
        assert connection.execute("select array_agg(batch order by batch) from ops.batch").fetchone() == (
            [0, 71],
        )
        assert connection.execute("select min(at) from ops.ledger_minute").fetchone() == (
            now - timedelta(hours=71),
        )
