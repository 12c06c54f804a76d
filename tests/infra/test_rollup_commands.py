"""`minsheng rollup`: what programs read from it, and how it ends."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.deploy import deploy, retire
from streams.days import day_of
from streams.settings import Settings
from tests.core_sources import as_written

pytestmark = pytest.mark.servers


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    deploy(settings, as_written().values())
    return settings


def test_due_lists_days_from_the_first_event_to_yesterday(deployed: Settings) -> None:
    today = day_of(datetime.now(UTC))
    with psycopg.connect(deployed.postgres_dsn) as connection:
        for days in (3, 0):
            connection.execute(
                "insert into ops.span values ('canteen_meal', %s, %s, 5)",
                (today - timedelta(days=days), today),
            )
    found = json.loads(CliRunner().invoke(app, ["rollup", "due", "--json"]).stdout)
    assert found == [
        {"source": "canteen_meal", "day": (today - timedelta(days=days)).isoformat(), "reason": "unpublished"}
        for days in (3, 2, 1)
    ]


def test_a_retired_source_is_due_up_to_the_day_of_its_retirement_and_rolled_up_when_asked(
    deployed: Settings,
) -> None:
    today = day_of(datetime.now(UTC))
    retire(deployed, "canteen_meal")
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute(
            "insert into ops.span values ('canteen_meal', %s, %s, 5)", (today - timedelta(days=5), today)
        )
        connection.execute(
            "update ops.contract set retired_at = now() - interval '3 days' where source = 'canteen_meal'"
        )
    found = json.loads(CliRunner().invoke(app, ["rollup", "due", "--json"]).stdout)
    assert [each["day"] for each in found] == [(today - timedelta(days=n)).isoformat() for n in (5, 4, 3)]
    arguments = ["rollup", "run", "--day", today.isoformat(), "--source", "canteen_meal", "--patience", "0"]
    asked = CliRunner().invoke(app, [*arguments, "--json"])
    assert asked.exit_code == 75  # its day is still running: it is known


@pytest.mark.parametrize(("outcome", "expected"), [("refused", ["contract"]), ("published", [])])
def test_a_refused_day_is_due_again_with_another_contract(
    deployed: Settings, outcome: str, expected: list[str]
) -> None:
    yesterday = day_of(datetime.now(UTC)) - timedelta(days=1)
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute("insert into ops.span values ('canteen_meal', %s, %s, 5)", (yesterday, yesterday))
        connection.execute(
            "insert into ops.rollup"
            " (source, event_day, outcome, contract_version, provisional, span, seconds) values ("
            "'canteen_meal', %s, %s, 'another', false, jsonb_build_object(%s::text, 5), 1)",
            (yesterday, outcome, yesterday.isoformat()),
        )
    due = ["rollup", "due", "--json"]
    assert [day["reason"] for day in json.loads(CliRunner().invoke(app, due).stdout)] == expected
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute(
            "update ops.rollup set contract_version ="
            " (select version from ops.contract where source = 'canteen_meal')"
        )
    assert json.loads(CliRunner().invoke(app, due).stdout) == [], "the same question, the same answer"


def test_list_shows_the_current_revision(deployed: Settings) -> None:
    with psycopg.connect(deployed.postgres_dsn) as connection:
        for revision, current in ((1, False), (2, True)):
            connection.execute(
                "insert into mart.publication (source, event_day, revision, reason, contract_version,"
                " accepted, quarantined, duplicate, conflict, archive_position, fingerprint, is_current)"
                " values ('canteen_meal', '2022-06-14', %s, '首次发布', 'v', 10, 1, 2, 3, '{}', 'f', %s)",
                (revision, current),
            )
    (found,) = json.loads(CliRunner().invoke(app, ["rollup", "list", "--json"]).stdout)
    assert (found["day"], found["revision"], found["accepted"]) == ("2022-06-14", 2, 10)
    assert "首次发布" in CliRunner().invoke(app, ["rollup", "list"]).stdout


def test_a_running_day_ends_with_75_and_an_unknown_source_with_2_without_starting_spark(
    deployed: Settings,
) -> None:
    today = day_of(datetime.now(UTC)).isoformat()
    arguments = ["rollup", "run", "--day", today, "--patience", "0", "--json"]
    running = CliRunner().invoke(app, [*arguments, "--source", "canteen_meal"])
    unknown = CliRunner().invoke(app, [*arguments, "--source", "canteen"])
    assert (running.exit_code, unknown.exit_code) == (75, 2)
    assert "still running" in json.loads(running.stdout)[0]["message"]
    assert "no such contract is deployed" in json.loads(unknown.stdout)[0]["message"]


def test_a_range_that_ends_before_it_begins_is_refused(deployed: Settings) -> None:
    result = CliRunner().invoke(app, ["rollup", "backfill", "--from", "2022-06-15", "--to", "2022-06-14"])
    assert result.exit_code == 2


def test_a_live_validation_of_an_unknown_source_names_those_that_are_deployed(deployed: Settings) -> None:
    result = CliRunner().invoke(app, ["validate", "live", "--source", "typo"])
    assert result.exit_code == 2
    assert re.search(r"typo: no such contract is deployed. Deployed are: .*canteen_meal", result.stderr)


def test_a_deployed_contract_that_cannot_be_read_is_said_with_its_place(deployed: Settings) -> None:
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute("update ops.contract set text = 'source: [' where source = 'canteen_meal'")
    result = CliRunner().invoke(app, ["rollup", "due"])
    assert result.exit_code == 1
    assert "ops.contract[canteen_meal]:2: not YAML" in result.stderr
    assert "go on with the version that deployed it" in result.stderr


def test_a_database_without_tables_is_one_to_wait_for(deployed: Settings) -> None:
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute("drop schema mart cascade")
    result = CliRunner().invoke(app, ["rollup", "list"])
    assert result.exit_code == 75
    assert "`minsheng up` makes what is missing" in result.stderr
