"""`minsheng reconcile finance` over a real lake: what differs, down to the events, in the report and kept."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import psycopg
import pytest
from typer.testing import CliRunner

from infra.cli.main import app
from infra.finance.platform import twice
from infra.who import who
from streams.contract.loader import load_contract
from streams.days import day_of
from streams.reference import divisions
from streams.settings import Settings
from tests.spark_jobs.rollup.conftest import Tell
from tests.spark_jobs.rollup.meals import SHANGHAI, SOURCE, told, truth

pytestmark = pytest.mark.servers

DAY = date(2022, 6, 14)


def test_every_difference_is_told_down_to_its_events(deployed: Settings, tell: Tell, tmp_path: Path) -> None:
    records = told(DAY, 400, seed=7)
    tell(records)
    names = {each.code: each.name for each in divisions()}
    groups: dict[tuple[str, str], list[int]] = {}
    for division, meal, count, _, subsidy, *_ in truth(records, DAY).meals:
        groups[division, meal] = [subsidy, count]
    (wrong, absent), gone = list(groups)[:2], list(groups)[2]
    lines = ["餐饮补贴对账单,,,", ",,单位：元,", "区县,餐次,补贴,笔数"]
    for key, (subsidy, count) in groups.items():
        said = {wrong: subsidy + 100, gone: None}.get(key, subsidy)
        if said is not None and key != absent:
            lines.append(f'{names[key[0]]},{key[1]},"{said / 100:,.2f}",{count}')
    path = tmp_path / "六月.csv"
    path.write_bytes("\n".join(lines).encode("gb18030"))
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute(
            'insert into ops.quarantine (source, topic, partition, "offset", received_at, event_id,'
            " event_time, reasons, excerpt, place) values (%s, 't', 0, 5000, %s, '=1+1', %s, %s, '', 'ST1')",
            (
                SOURCE, f"{DAY}T05:00Z", f"{DAY}T04:00Z",
                json.dumps([{"code": "unique:one_meal", "field": "", "detail": ""}]),
            ),
        )  # fmt: skip

    command = ["reconcile", "finance", str(path), "--source", SOURCE, "--day", DAY.isoformat(), "--json"]
    said = CliRunner().invoke(app, command, env={"LOGNAME": "somebody-else"})

    assert said.exit_code == 3, said.stderr
    found = json.loads(said.stdout)
    differences = {(each["division"], each["meal"]): each for each in found["differences"]}
    assert set(differences) == {wrong, absent, gone}
    assert (differences[wrong]["amount_fen"], differences[wrong]["count"]) == (100, 0)
    for key in (absent, gone):
        assert differences[key]["finance"] is None
        assert differences[key]["amount_fen"] == -groups[key][0]
    for key, each in differences.items():
        assert sum(event["amount_fen"] for event in each["events"]) == groups[key][0]
        assert len(each["events"]) == groups[key][1]
    positions = {(each.partition, each.offset): each for each in records}
    event = differences[wrong]["events"][0]
    behind = positions[event["partition"], event["offset"]]
    assert (behind.event_id, (behind.data or {})["division"]) == (event["event_id"], wrong[0])
    assert event["event_time"] == f"{behind.event_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    assert [each["event_id"] for each in found["paid_twice"]] == ["=1+1"]
    assert found["paid_twice_total"] == 1
    assert "elder" not in said.stdout

    book = openpyxl.load_workbook(found["report"])
    assert [sheet.title for sheet in book] == ["说明", "差异", "差异明细", "重复发放", "未读取的行"]
    assert book["差异"].max_row == 4
    about = {row[0]: row[1] for row in book["说明"].iter_rows(values_only=True)}
    assert (about["事件日"], about["日终版本"]) == (DAY.isoformat(), "尚未发布日终")
    assert about["财政文件 SHA-256"] == hashlib.sha256(path.read_bytes()).hexdigest() == found["file_digest"]
    assert (found["current"], found["compared_events"]) == (None, truth(records, DAY).accepted)
    cell = book["重复发放"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")
    listed = json.loads(CliRunner().invoke(app, ["reconcile", "list", "--json"]).stdout)
    assert [(each["id"], each["different"], each["source"]) for each in listed] == [(found["id"], 3, SOURCE)]
    assert {each["made_by"] for each in listed} == {who()}, "not what LOGNAME says"
    shown = CliRunner().invoke(app, ["reconcile", "show", str(found["id"])])
    assert shown.exit_code == 3
    assert "相差" in shown.stdout


def test_of_many_payouts_that_were_held_back_the_first_are_listed_and_all_are_counted(
    settings: Settings,
) -> None:
    contract = load_contract(settings.contracts_dir / f"{SOURCE}.yaml")
    broken = json.dumps([{"code": "unique:one_meal", "field": "", "detail": ""}])
    with psycopg.connect(settings.postgres_dsn) as connection:
        connection.cursor().executemany(
            'insert into ops.quarantine (source, topic, partition, "offset", received_at, event_id,'
            " event_time, reasons, excerpt) values (%s, 't', 0, %s, %s, %s, %s, %s, '')",
            [
                (SOURCE, number, f"{DAY}T05:00:0{number}Z", f"e-{number}", f"{DAY}T04:00Z", broken)
                for number in range(5)
            ],
        )
    listed, total = twice(settings, contract, DAY, 2)
    assert ([each.event_id for each in listed], total) == (["e-0", "e-1"], 5)
    assert twice(settings, contract, DAY - timedelta(days=1), 2) == ([], 0)


def test_a_day_that_agrees_ends_with_0_and_a_dry_run_keeps_nothing(
    deployed: Settings, tell: Tell, tmp_path: Path
) -> None:
    tell(told(DAY, 40, seed=8))
    empty = DAY - timedelta(days=30)
    path = tmp_path / "none.csv"
    path.write_text("区县,补贴（元）\n鹿城区,0\n", encoding="utf-8")
    arguments = ["reconcile", "finance", str(path), "--source", SOURCE, "--day", empty.isoformat()]
    assert CliRunner().invoke(app, [*arguments, "--dry-run"]).exit_code == 0
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["none.csv"]
    assert json.loads(CliRunner().invoke(app, ["reconcile", "list", "--json"]).stdout) == []
    assert CliRunner().invoke(app, ["reconcile", "show", "1"]).exit_code == 2
    path.write_text("甲,乙\n1,2\n", encoding="utf-8")
    refused = CliRunner().invoke(app, arguments)
    assert (refused.exit_code, "--map HEADING=FIELD" in refused.stderr) == (2, True)


def test_a_running_day_never_agrees_and_another_number_than_the_revisions_is_said(
    deployed: Settings, tell: Tell, tmp_path: Path
) -> None:
    tell(told(DAY, 40, seed=8))
    path = tmp_path / "none.csv"
    path.write_text("区县,补贴（元）\n鹿城区,0\n", encoding="utf-8")
    command = ["reconcile", "finance", str(path), "--source", SOURCE, "--day"]
    running = CliRunner().invoke(app, [*command, day_of(datetime.now(UTC)).isoformat(), "--json"])
    assert (running.exit_code, "nothing was kept" in " ".join(running.stderr.split())) == (75, True)
    found = json.loads(running.stdout)
    assert (found["differences"], found["complete"], found["agrees"]) == ([], False, False)
    assert sorted(each.name for each in tmp_path.iterdir() if each.is_file()) == ["none.csv"]
    assert json.loads(CliRunner().invoke(app, ["reconcile", "list", "--json"]).stdout) == []

    empty = DAY - timedelta(days=30)
    with psycopg.connect(deployed.postgres_dsn) as connection:
        connection.execute(
            "insert into mart.publication (source, event_day, revision, reason, contract_version, accepted,"
            " quarantined, duplicate, conflict, archive_position, fingerprint, is_current)"
            " values (%s, %s, 4, '首次发布', 'v', 1500, 0, 0, 0, '{}', 'f', true)",
            (SOURCE, empty),
        )
    late = CliRunner().invoke(app, [*command, empty.isoformat()])
    assert late.exit_code == 0, late.stderr
    assert "现在的 0 条入账事件，已发布的日终第 4 版为 1,500 条" in "".join(late.stdout.split("\n"))
    shown = json.loads(CliRunner().invoke(app, ["reconcile", "show", "1", "--json"]).stdout)
    assert (shown["revision"], shown["current"], shown["published_events"]) == (4, False, 1_500)
