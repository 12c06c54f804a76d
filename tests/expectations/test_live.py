"""Live minutes are asked and the answers kept, where a query that goes wrong would show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from expectations import live
from infra.deploy import deploy
from streams.settings import Settings
from tests.core_sources import as_written

pytestmark = pytest.mark.servers

NOW = datetime(2022, 6, 14, 4, 30, tzinfo=UTC)
INSERT = (
    "insert into live.canteen_meal__meals (minute, division, meal, meals, price_fen, subsidy_fen,"
    " mean_price__sum, mean_price__count) values (%s, %s, 'lunch', %s, %s, 500, %s, %s)"
)


def row(connection: psycopg.Connection, minute: datetime, division: str, meals: int, price: int) -> None:
    connection.execute(INSERT, (minute, division, meals, price, price, meals))


def ask(settings: Settings) -> dict[str, list[str]]:
    found = live.validate(settings, hours=3, now=NOW)
    return {source: [answer.code for answer in answers if not answer.success] for source, answers in found}


def test_sound_minutes_pass_and_each_fault_is_named(settings: Settings) -> None:
    deploy(settings, as_written().values())
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        row(connection, NOW - timedelta(minutes=1), "330302", 2, 2_000)
        row(connection, NOW - timedelta(hours=9), "110101", -1, 0)  # long ago: not asked
        assert ask(settings) == {"canteen_meal": [], "station_visit": [], "subsidy_payout": []}

        row(connection, NOW - timedelta(minutes=1), "110101", 2, 2_000)
        row(connection, NOW - timedelta(minutes=2), "330303", 1, 5_001)
        row(connection, NOW - timedelta(minutes=3), "330304", -1, 0)
        row(connection, NOW + timedelta(days=2), "330305", 1, 1_000)
        connection.execute(
            "insert into live.distinct_day"
            " values ('canteen_meal', 'meals', 'elders', '2022-06-14', '{}', '', 99)"
        )
        failed = ask(settings)
        kept = connection.execute(
            "select success, failed, results -> 0 ->> 'title' from ops.validation"
            " where source = 'canteen_meal' and scope = 'live' order by id"
        ).fetchall()
        alerts = connection.execute("select code, source, cleared_at from ops.alert").fetchall()

    assert set(failed["canteen_meal"]) == {
        "division.known",
        "meals.not_negative",
        "price_fen.bound",
        "subsidy_fen.bound",
        "mean_price__sum.bound",
        "mean_price__count.not_negative",
        "minute.not_ahead",
        "distinct.bound",
    }
    assert [success for success, _, _ in kept] == [True, False]
    assert kept[1][1] == len(failed["canteen_meal"])
    assert alerts == [("live_failed", "canteen_meal", None)]


def test_old_answers_about_minutes_are_forgotten_and_those_about_days_are_not(settings: Settings) -> None:
    deploy(settings, as_written().values())
    insert = (
        "insert into ops.validation (scope, source, event_day, validated_at, success, evaluated, failed,"
        " results) values (%s, 'x', '2022-01-01', %s, true, 1, 0, '[]')"
    )
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for scope in ("live", "day"):
            connection.execute(insert, (scope, NOW - timedelta(days=20)))
        ask(settings)
        left = connection.execute("select scope from ops.validation where source = 'x'").fetchall()
    assert left == [("day",)]
