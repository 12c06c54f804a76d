"""How commands end: with a code that means the same everywhere, and a message instead of a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from expectations.report import REFUSED_BY_THE_GATE
from infra.cli import exits
from infra.cli.main import app
from spark_jobs.rollup.errors import AlreadyRunning, ArchiveUnknown, DayIncomplete, NotDeployed
from streams.settings import REPOSITORY
from tests.conftest import free_port

LINES_OF_CODES = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


@pytest.mark.parametrize(
    "command",
    [
        "alerts",
        "contract list",
        "contract list --deployed --json",
        "dashboards sync",
        "import README.md --source canteen_meal",
        "ledger",
        "rollup due",
        "rollup list",
        "rollup run --day 2022-06-14",
        "simulate day",
        "topics ensure",
        "validate live",
    ],
)
def test_without_postgresql_a_command_says_where_it_looked_and_that_it_may_be_tried_again(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path))
    monkeypatch.setenv("MINSHENG_POSTGRES_PORT", str(port))
    monkeypatch.setenv("MINSHENG_POSTGRES_PASSWORD", "unused")
    ended = CliRunner().invoke(app, command.split())
    assert ended.exit_code == 75, ended.exception
    assert ended.stdout == ""
    assert f"PostgreSQL at 127.0.0.1:{port}" in ended.stderr
    assert "`minsheng status`" in ended.stderr


def test_the_codes_of_a_rollup_and_of_airflow_are_those_of_every_command() -> None:
    assert {error.exit_code for error in (AlreadyRunning, ArchiveUnknown, DayIncomplete)} == {exits.AWAY}
    assert (NotDeployed.exit_code, REFUSED_BY_THE_GATE) == (exits.USAGE, exits.NO)
    dags = (REPOSITORY / "dags" / "minsheng.py").read_text(encoding="utf-8")
    assert f"\nREFUSED = {exits.NO}\n" in dags


def test_the_administrator_s_page_and_the_help_name_every_code() -> None:
    page = (REPOSITORY / "docs" / "administrator.md").read_text(encoding="utf-8")
    assert {int(code): meaning for code, meaning in LINES_OF_CODES.findall(page)} == exits.MEANINGS
    helped = " ".join(CliRunner().invoke(app, ["--help"]).stdout.split())
    assert all(f"{code} {meaning}" in helped for code, meaning in exits.MEANINGS.items())
