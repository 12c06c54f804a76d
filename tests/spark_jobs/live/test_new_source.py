"""A source that nobody foresaw, from a department's file to the live table, as the documentation says it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli import exits
from infra.cli.main import app
from streams.settings import Settings
from streams.zone import ZONE
from tests.docs.test_new_source import WALK
from tests.spark_jobs.live.conftest import RunLive
from tests.streams.authoring.rides import WRONG_IDS, rides, write_csv

ROWS = 2_000
REFUSING = ("try", "import")
"""Steps that answer no: two lines of the file have a wrong check digit."""


@pytest.mark.servers
def test_a_new_source_goes_from_its_file_to_the_live_table(
    settings: Settings, run_live: RunLive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINSHENG_CONTRACTS_DIR", "streams/contracts")
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    write_csv(Path("rides.csv"), rides(ROWS, begin=today - timedelta(days=22)))
    for words in WALK:
        result = CliRunner().invoke(app, words)
        expected = exits.NO if any(step in words for step in REFUSING) else exits.OK
        assert result.exit_code == expected, (words, result.output)
    run_live()
    with psycopg.connect(settings.postgres_dsn) as connection:
        live = connection.execute(
            "select sum(events)::int, sum(fee_fen)::int, sum(ride_duration)::int"
            ' from live."bike_ride__events"'
        ).fetchone()
        tally = connection.execute(
            "select outcome, sum(events)::int from ops.tally where query = 'live' group by 1"
        ).fetchall()
    wrong = " and ".join(f"n <> {line - 2}" for line in WRONG_IDS)
    with duckdb.connect() as plain:
        oracle = plain.execute(
            'select count(*), sum("费用(元)" * 100)::int, sum("骑行时长(分钟)")::int from'
            f" (select *, row_number() over () - 1 n from read_csv('rides.csv')) where {wrong}"
        ).fetchone()
    assert live == oracle
    assert tally == [("accepted", ROWS - len(WRONG_IDS))]
