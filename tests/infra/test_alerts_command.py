"""`minsheng alerts` lists what stands, and says when there is nothing."""

from __future__ import annotations

import json

import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from streams.settings import Settings

pytestmark = pytest.mark.servers


def said(*arguments: str) -> str:
    ended = CliRunner().invoke(app, ["alerts", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def test_open_alerts_are_listed_as_text_and_for_programs(settings: Settings) -> None:
    assert said() == "没有未解除的告警\n"
    assert json.loads(said("--json")) == []
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.execute(
            "insert into ops.alert (code, source, message, raised_at, cleared_at) values"
            " ('silent', 'canteen_meal', '[red]没有事件', '2022-06-14T12:00+08', null),"
            " ('silent', 'station_visit', '已过去', '2022-06-14T12:00+08', now()),"
            " ('by_another', null, '磁盘将满', '2022-06-14T12:01+08', null)"
        )
    shown = said()
    assert shown.index("平台") < shown.index("canteen_meal")
    assert "06-14 12:00:00" in shown
    assert "[red]没有事件" in shown
    assert "已过去" not in shown
    assert [alert["code"] for alert in json.loads(said("--json"))] == ["by_another", "silent"]
