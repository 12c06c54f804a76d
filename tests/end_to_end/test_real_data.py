"""Real public-service data the whole way: every daily number equals a group-by over the published file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from streams.settings import REPOSITORY
from tests.end_to_end.installation import Installation
from tests.end_to_end.test_city_day import total
from tests.superset_visitors import administrator
from tests.waiting import wait_for_equal

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1500)]

SOURCE = "la311_request"
FOLDER = REPOSITORY / "tests" / "data" / "la311"
FILE = FOLDER / "la311_2020.csv"
DAYS = {"2020-01-01": 1685, "2020-01-02": 5971, "2020-01-03": 2344}
IN_FILE = f"""
    select strftime(strptime(createddate, '%-m/%-d/%y %-H:%M'), '%Y-%m-%d') as event_day,
           requesttype as request_type, requestsource as channel, cd as district,
           owner, status, count(*) as requests
    from read_csv('{FILE}', all_varchar = true)
    group by all
"""


@pytest.fixture
def database(city: Installation) -> Iterator[psycopg.Connection]:
    with psycopg.connect(city.settings.reader_dsn, autocommit=True) as connection:
        yield connection


def test_the_importer_takes_every_line_once(
    city: Installation, database: psycopg.Connection, tmp_path: Path
) -> None:
    what = ("import", FILE, "--source", SOURCE, "--mapping", FOLDER / "mapping.yaml")
    arguments = (*what, "--report", tmp_path / "refused.csv")
    city.minsheng(*arguments)
    city.minsheng(*arguments)  # twice counts once
    live = f"""
        select to_char(minute at time zone 'Asia/Shanghai', 'YYYY-MM-DD'), sum(requests)::int
        from live.{SOURCE}__owners group by 1
    """
    wait_for_equal(lambda: dict(database.execute(live).fetchall()), DAYS, 120)

    def outcome() -> tuple[int, int, int]:
        (entry,) = city.json("ledger", "--source", SOURCE)
        return entry["accepted"], entry["duplicate"], entry["residue"]

    wait_for_equal(outcome, (10_000, 10_000, 0), 120)  # the second file may still be in flight


def test_every_published_number_equals_a_group_by_over_the_file(
    city: Installation, database: psycopg.Connection
) -> None:
    days = ("--from", min(DAYS), "--to", max(DAYS))
    city.minsheng("rollup", "backfill", *days, "--source", SOURCE, "--yes")
    published = database.execute(
        "select event_day::text, accepted from mart.publication where source = %s and is_current", (SOURCE,)
    ).fetchall()
    assert dict(published) == DAYS
    for metric, dimensions in {
        "requests": "request_type, channel, district",
        "owners": "owner, status",
    }.items():
        expected = counted_in_file(dimensions)
        found = database.execute(
            f"select event_day::text, {dimensions}, requests from mart.{SOURCE}__{metric}"
        ).fetchall()
        assert sorted(found, key=str) == sorted(expected, key=str)


def test_the_daily_report_shows_the_three_days(city: Installation) -> None:
    city.minsheng("dashboards", "sync")
    address = f"http://127.0.0.1:{city.settings.superset_port}"
    admin = administrator(address, city.settings.secret("superset_admin"))
    rows = admin.rows("daily publications", columns=["event_day", "accepted", "source"], metrics=[])
    found = {day_of(row["event_day"]): row["accepted"] for row in rows if row["source"] == SOURCE}
    assert found == DAYS
    for dimension in ("request_type", "channel", "district"):
        answer = admin.rows(
            f"daily {SOURCE} requests", columns=["event_day", dimension], metrics=[total("requests")]
        )
        charted = [(day_of(row["event_day"]), row[dimension], row["requests"]) for row in answer]
        in_file = counted_in_file(dimension)
        assert sorted(charted, key=str) == sorted(in_file, key=str)


def counted_in_file(dimensions: str) -> list[tuple[object, ...]]:
    """(event_day, *dimensions, requests), counted by DuckDB in the published file."""
    with duckdb.connect() as connection:
        return connection.execute(
            f"select event_day, {dimensions}, sum(requests)::int from ({IN_FILE}) group by all"
        ).fetchall()


def day_of(value: str | float) -> str:
    """A date as Superset answers it, milliseconds since 1970 or ISO, as ISO."""
    if isinstance(value, str):
        return value[:10]
    return datetime.fromtimestamp(value / 1000, UTC).date().isoformat()
