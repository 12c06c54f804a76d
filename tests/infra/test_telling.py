"""How commands tell what others wrote: as it is, neither as markup nor cut."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from expectations.answers import Answer
from expectations.report import Report
from infra.cli import exits
from infra.cli.main import app
from infra.cli.rollup import tell

LONG = "[/opt] [bold]" + "很长的一句话" * 30


def test_what_came_of_a_day_is_told_word_for_word() -> None:
    refused = Answer("s", "c", "每个区县都应有用餐", "critical", False, LONG)
    report = Report("canteen_meal", date(2026, 5, 4), "failed", 1, LONG, 1.0, revision=2, refused=(refused,))
    file = io.StringIO()
    tell(report, Console(file=file, width=40, force_terminal=False, highlight=False))
    assert file.getvalue() == (
        f"2026-05-04 canteen_meal: failed revision 2 - {LONG}\n    每个区县都应有用餐：{LONG}\n"
    )


def test_logs_are_read_by_programs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path))
    log = tmp_path / "logs" / "gateway.log"
    log.parent.mkdir()
    log.write_text("one\ntwo\nthree\n")
    answer = CliRunner().invoke(app, ["logs", "gateway", "-n", "2", "--json"])
    assert json.loads(answer.stdout) == [{"part": "gateway", "file": str(log), "lines": ["two", "three"]}]
    every = json.loads(CliRunner().invoke(app, ["logs", "--json"]).stdout)
    assert {entry["part"]: entry["lines"] for entry in every}["kafka"] == []
    both = CliRunner().invoke(app, ["logs", "--json", "--follow"])
    assert both.exit_code == exits.USAGE


def test_help_asks_for_no_value_of_a_switch_and_writes_days_as_people_do() -> None:
    for command in (["logs"], ["day"], ["simulate", "day"], []):
        told = helped(*command)
        assert "--help" in told
        assert "bool" not in told
        assert "%Y" not in told
    assert "<YYYY-MM-DD>" in helped("day")


def helped(*command: str) -> str:
    """The help text without its colours."""
    told = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "160"}).output
    return re.sub(r"\x1b\[[0-9;]*m", "", told)
