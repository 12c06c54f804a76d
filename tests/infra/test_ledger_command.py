"""`minsheng ledger`: as of when it tells, how it ends, and what it refuses."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner, Result

from infra.cli.ledger import ledger_table
from infra.cli.main import app
from infra.deploy import deploy, retire
from infra.ledger import Entry
from streams.days import begin, day_of
from streams.settings import Settings
from streams.zone import ZONE
from tests.core_sources import as_written

SOURCE = "canteen_meal"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    deploy(settings, as_written().values())
    return settings


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["ledger", *(str(each) for each in arguments)])


def look(settings: Settings, observed_at: datetime, *, residue: int = 0) -> None:
    """Kafka was looked at then, and had five events of that day and of each of the two before it; all but
    `residue` of a day are booked, and all archived."""
    last = day_of(observed_at)
    with psycopg.connect(settings.postgres_dsn) as connection:
        for number, day in enumerate((last - 2 * DAY, last - DAY, last)):
            first, end = number * 5, number * 5 + 5
            connection.execute(
                "insert into ops.sent (topic, topic_id, partition, received_day, first_offset, next_offset,"
                " seen_offset, observed_at) values (%s, %s, 0, %s, %s, %s, %s, %s)",
                (
                    settings.topic_prefix + SOURCE,
                    UUID(int=1),
                    day,
                    first,
                    end if day < last else None,
                    end,
                    observed_at,
                ),
            )
            for query, outcome, events in (("live", "accepted", 5 - residue), ("archive", "archived", 5)):
                connection.execute(
                    "insert into ops.tally values (%s, %s, %s, %s, %s)", (query, SOURCE, day, outcome, events)
                )
        for query in ("live", "archive"):
            connection.execute(
                "insert into ops.position (query, topic, partition, topic_id, next_offset)"
                " values (%s, %s, 0, %s, %s)",
                (query, settings.topic_prefix + SOURCE, UUID(int=1), end),
            )


@pytest.mark.servers
def test_a_fresh_look_is_told_and_ends_with_0(deployed: Settings, now: datetime) -> None:
    look(deployed, now)
    for options in ((), ("--days", 1), ("--day", day_of(now)), ("--hours", 2), ("--source", SOURCE)):
        said = run(*options)
        assert (said.exit_code, said.stderr) == (0, ""), options
        assert f"截至 {now.astimezone(ZONE):%Y-%m-%d %H:%M:%S}" in said.stdout
    told = json.loads(run("--json").stdout)
    assert {datetime.fromisoformat(each["as_of"]) for each in told} == {now}


@pytest.mark.servers
def test_with_nobody_looking_at_kafka_what_was_sent_is_not_known(deployed: Settings, now: datetime) -> None:
    """The tables balance: nothing is in flight of what nobody has seen."""
    look(deployed, now - HOUR)
    for options in (
        (),
        ("--days", 7, "--json"),
        ("--day", day_of(now)),
        ("--hours", 2),
        ("--source", SOURCE),
    ):
        said = run(*options)
        assert said.exit_code == 75, options
        assert re.search(r"last looked at .*: what was sent since is not in these numbers", said.stderr)
    assert {each["residue"] for each in json.loads(run("--json").stdout)} == {0}


@pytest.mark.servers
def test_a_day_that_was_over_at_the_last_look_needs_no_other(deployed: Settings, now: datetime) -> None:
    yesterday = day_of(now) - DAY
    look(deployed, begin(yesterday) + HOUR)
    assert run("--day", yesterday - DAY).exit_code == 0, "stopped on purpose the night after it"
    assert run("--day", yesterday).exit_code == 75, "most of it nobody has seen"
    assert run("--senders").exit_code == 0, "they are counted in the lake"


@pytest.mark.servers
def test_a_residue_is_an_answer_of_no_however_old_the_look_is(deployed: Settings, now: datetime) -> None:
    look(deployed, now - HOUR, residue=1)
    said = run()
    assert said.exit_code == 3
    assert "last looked at" in said.stderr


@pytest.mark.servers
def test_before_anything_is_deployed_there_is_nothing_to_look_at(settings: Settings) -> None:
    assert run().exit_code == 0
    deploy(settings, as_written().values())
    said = run()
    assert said.exit_code == 75
    assert "was never looked at" in said.stderr


@pytest.mark.servers
@pytest.mark.parametrize(
    "command",
    ["ledger", "ledger --hours 2", "ledger --senders", "quarantine list", "quarantine close --note x",
     "rollup list", "reconcile list", "conflicts list"],
)  # fmt: skip
def test_a_typo_is_no_empty_answer_and_a_retired_source_is_none(
    deployed: Settings, now: datetime, command: str
) -> None:
    look(deployed, now)
    retire(deployed, "station_visit")
    typo = CliRunner().invoke(app, [*command.split(), "--source", "cantene_meal"])
    assert typo.exit_code == 2
    assert re.search(r"cantene_meal: no such contract .* There are: .*canteen_meal", typo.stderr)
    assert CliRunner().invoke(app, [*command.split(), "--source", "station_visit"]).exit_code == 0


@pytest.mark.servers
def test_refused_events_of_no_source_can_be_asked_for(deployed: Settings, now: datetime) -> None:
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute(
            "insert into ops.refusal values ('gateway', 'unknown', %s, 'not_json', 6)", (day_of(now),)
        )
    (row,) = json.loads(run("--source", "unknown", "--json").stdout)
    assert row["refused"] == 6


@pytest.mark.parametrize(
    "options",
    ["--hours 2 --days 2", "--hours 2 --day 2026-05-04", "--hours 2 --senders", "--senders --days 2",
     "--day 2026-05-04 --days 2"],
)  # fmt: skip
def test_an_option_that_another_would_leave_without_effect_is_refused(options: str) -> None:
    said = run(*options.split())
    assert said.exit_code == 2
    assert "goes without" in said.stderr


def test_one_too_many_and_one_too_few_do_not_make_0() -> None:
    entries = [
        Entry("a", date(2026, 5, 4), 15, 10, 0, 0, 0, 0, 12, 0, acknowledged=17, is_over=True),
        Entry("b", date(2026, 5, 4), 10, 15, 0, 0, 0, 0, 13, 0, is_over=True),
    ]
    table = ledger_table(entries, {})
    of_all = {str(column.header): list(column.cells)[-1] for column in table.columns}
    assert of_all["归档差额"] == "[red]6"
    assert of_all["上游确认"] == "[red]17"
    (residues,) = (list(column.cells) for column in table.columns if column.header == "差额")
    assert residues == ["[red]5", "[red]-5", "[red]10"]
