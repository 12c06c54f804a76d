"""`minsheng demo` plays a day of the city, publishes it, and changes nothing when it is called again."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg
import pytest

from streams.zone import ZONE
from tests.end_to_end.installation import Installation

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

DAY = datetime.now(ZONE).date() - timedelta(days=2)


def running(city: Installation) -> dict[str, int]:
    return {part["name"]: part["pid"] for part in city.json("status") if part["pid"]}


@pytest.fixture(scope="module")
def played(city: Installation) -> str:
    """What the demonstration said."""
    return city.minsheng("demo", "--day", DAY, "--speed", 5760, seconds=1500)


def test_the_simulated_day_is_published_as_the_simulator_foretold(city: Installation, played: str) -> None:
    foretold = {each["source"]: each for each in city.json("simulate", "expect", "--day", DAY)}
    with psycopg.connect(city.settings.reader_dsn) as connection:
        published = connection.execute(
            "select source, accepted from mart.publication where event_day = %s and is_current", (DAY,)
        ).fetchall()
    assert dict(published) == {source: each["accepted"] for source, each in foretold.items()}


def test_its_last_lines_say_where_to_look(city: Installation, played: str) -> None:
    for port in (city.settings.superset_port, city.settings.airflow_port, city.settings.status_port):
        assert f"http://127.0.0.1:{port}/" in played
    assert str(city.settings.secrets_dir) in played.replace("\n", "")


def test_a_second_call_changes_nothing_that_runs(city: Installation, played: str) -> None:
    before = running(city)
    assert "simulator" in before
    city.minsheng("demo", "--day", DAY, seconds=300)
    assert running(city) == before


def test_the_city_goes_on_and_every_event_is_accounted_for(city: Installation, played: str) -> None:
    assert [line["residue"] for line in city.json("ledger")].count(0) == len(city.json("ledger"))
