"""A day of a source from the lake to its published revision, against numbers that DuckDB computed."""

from __future__ import annotations

import json
from datetime import date

import psycopg
import pytest

from streams.settings import Settings
from tests.spark_jobs.rollup.conftest import RollUp, Tell
from tests.spark_jobs.rollup.meals import SOURCE, told, truth

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)


def test_what_is_published_is_what_duckdb_counts(deployed: Settings, tell: Tell, roll_up: RollUp) -> None:
    records = told(DAY, 6_000)
    tell(records)
    expected = truth(records, DAY)

    report = roll_up(DAY)

    assert (report.outcome, report.revision, report.refused) == ("published", 1, ())
    with psycopg.connect(deployed.postgres_dsn) as connection:
        meals = connection.execute(
            f"select division, meal, meals, price_fen, subsidy_fen, mean_price__sum, mean_price__count"
            f" from mart.{SOURCE}__meals where event_day = %s order by 1, 2",
            (DAY,),
        ).fetchall()
        channels = connection.execute(
            f"select channel, service, meals, paid_fen from mart.{SOURCE}__channels"
            " where event_day = %s order by 1, 2",
            (DAY,),
        ).fetchall()
        elders = connection.execute(
            "select dimensions, value from mart.distinct_day where source = %s and measure = 'elders'",
            (SOURCE,),
        ).fetchall()
        counts = connection.execute(
            "select accepted, quarantined, duplicate, conflict from mart.publication where source = %s",
            (SOURCE,),
        ).fetchall()
    assert meals == expected.meals
    assert channels == expected.channels
    assert {json.dumps(dimensions, sort_keys=True): value for dimensions, value in elders} == expected.elders
    assert counts == [(expected.accepted, expected.quarantined, expected.duplicate, expected.conflict)]
    assert min(expected.duplicate, expected.conflict, expected.quarantined) > 0
