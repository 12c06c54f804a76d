"""The work in quarantine as operators do it: what the commands print, change and refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli.main import app
from infra.cli.quarantine_options import until
from spark_jobs.replay import run as replaying
from streams.settings import Settings
from tests.spark_jobs.replay.platform import SOURCE, Platform, contract, meal

pytestmark = pytest.mark.servers

ELDER = "330302194001011232"
DEAR = 6000


@pytest.fixture
def platform(settings: Settings) -> Platform:
    """Ten meals of one canteen, three of them too dear; one of nobody knows where, one of a raw number."""
    made = Platform(settings)
    of_one = [meal(n, DEAR if n % 10 < 3 else 1200, canteen_id="ST302001") for n in range(10)]
    made.send([*of_one, b"{not json", meal(20, elder=ELDER)])
    return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def answer(*arguments: object, code: int = 0) -> Any:
    ended = run(*arguments, "--json")
    assert ended.exit_code == code, ended.output
    return json.loads(ended.stdout)


def test_groups_have_their_share_of_their_place(platform: Platform) -> None:
    found = answer("quarantine", "list")

    assert found["events"] == 5
    largest = found["groups"][0]
    assert (largest["source"], largest["place"], largest["code"], largest["field"]) == (
        SOURCE, "ST302001", "out_of_range", "price_fen",
    )  # fmt: skip
    assert (largest["events"], largest["of_place"], largest["share"]) == (3, 10, 0.3)
    assert largest["text"] == "食堂编号 ST302001 的 30% 餐费：超出范围"
    nowhere = next(each for each in found["groups"] if each["code"] == "not_json")
    assert (nowhere["place"], nowhere["share"]) == (None, None)


def test_what_is_listed_can_be_narrowed(platform: Platform) -> None:
    for options, events in (
        ("--place ST302001", 3),
        ("--reason not_json", 1),
        ("--county 330302", 4),
        ("--county 330303", 0),
        ("--from 2026-06-15 --to 2026-06-15", 5),
        ("--from 2026-06-16", 0),
        ("--to 2026-06-15T13:00:00", 0),
        ("--to 2026-06-15T00:00:00", 0),
        ("--to 2026-06-16T00:00:00", 5),
        ("--to 2026-06-14", 0),
        ("--state closed", 0),
        ("--state all", 5),
    ):
        chosen = options.split()
        assert answer("quarantine", "list", *chosen)["events"] == events, options
        assert len(answer("quarantine", "list", "--events", *chosen)["newest"]) == events, options


def test_one_event_with_its_reasons_masked(platform: Platform) -> None:
    (number,) = (
        e["id"] for e in answer("quarantine", "list", "--events", "--reason", "untokenised")["newest"]
    )

    shown = answer("quarantine", "show", number)
    printed = run("quarantine", "show", number).stdout

    assert shown["reasons"][0]["text"] == "「老年食堂用餐」（ST302002）：「老人身份证号」含有未脱敏的个人信息"
    assert (shown["state"], shown["history"], shown["replayed"]) == ("待核实", [], None)
    assert ELDER not in json.dumps(shown)
    assert ELDER not in printed
    assert "330***" in printed


def test_an_original_is_shown_to_who_may_see_it_and_says_why_and_that_is_kept(platform: Platform) -> None:
    (number,) = (
        e["id"] for e in answer("quarantine", "list", "--events", "--reason", "untokenised")["newest"]
    )
    looks = 'select why, "offset" from ops.original_access'

    assert run("quarantine", "show", number, "--original").exit_code == 2
    refused = run("quarantine", "show", number, "--original", "--why", "核实")
    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "secrets/originals" in refused.stderr
    assert platform.ask(looks) == []

    (platform.settings.secrets_dir / "originals").write_text("x", encoding="ascii")
    shown = answer("quarantine", "show", number, "--original", "--why", "核实")

    assert ELDER in shown["original"]
    assert platform.ask(looks) == [("核实", 11)]


def test_readers_of_dashboards_see_neither_patches_nor_who_looked(platform: Platform) -> None:
    with psycopg.connect(platform.settings.reader_dsn) as connection:
        connection.execute("select * from ops.quarantine_history")
        for table in ("ops.patch", "ops.original_access"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"select * from {table}")


def test_closing_keeps_who_and_why_and_takes_events_out_of_the_open_ones(platform: Platform) -> None:
    assert run("quarantine", "close", "--note", "x").exit_code == 2, "not all of them by accident"
    chosen = ("--reason", "not_json", "--note", "测试数据")
    assert answer("quarantine", "close", *chosen, "--dry-run") == {"dry_run": True, "closed": 1}
    assert answer("quarantine", "close", *chosen) == {"dry_run": False, "closed": 1}
    assert answer("quarantine", "close", *chosen)["closed"] == 0

    (closed,) = answer("quarantine", "list", "--events", "--state", "closed")["newest"]
    (entry,) = answer("quarantine", "show", closed["id"])["history"]
    assert (entry["state"], entry["note"]) == ("已关闭", "测试数据")
    assert entry["by"] == closed["state_by"]
    assert answer("quarantine", "list")["events"] == 4


def test_a_replay_is_tried_then_done_and_the_ledger_balances(platform: Platform) -> None:
    platform.deploy(contract(platform.settings, dearest=8000))
    chosen = ("quarantine", "replay", "--source", SOURCE, "--place", "ST302001")

    assert run(*chosen).exit_code == 2, "a replay says why"
    tried = answer(*chosen, "--dry-run")
    printed = run(*chosen, "--dry-run").stdout
    done = answer(*chosen, "--note", "餐费上限已调整")

    assert (tried["accepted"], tried["days"]) == (3, done["days"])
    assert "+18,000 分（+180.00 元）" in printed
    assert (done["accepted"], done["still_quarantined"], done["dry_run"]) == (3, 0, False)
    (of_day,) = answer("ledger", code=75)  # nobody looks at Kafka here
    assert (of_day["accepted"], of_day["quarantined"], of_day["residue"]) == (10, 2, 0)
    assert (of_day["replayed"], of_day["ever_quarantined"]) == (3, 5)
    assert answer("quarantine", "list", "--state", "replayed")["events"] == of_day["replayed"]
    heads, row, *_ = run("ledger").stdout.splitlines()
    assert heads.split()[5:8] == ["入账", "其中重放", "隔离"]
    assert row.split()[5:8] == ["10", "3", "2"]


def test_a_day_alone_is_taken_to_its_end_and_midnight_is_midnight() -> None:
    assert until("2022-06-14") == until("2022-06-15 00:00") == until("2022-06-15T00:00:00")
    assert until("2022-06-14 08:30").hour == 8
    for wrong in ("2022-06-31", "yesterday", "2022-06-14 25:00"):
        refused = run("quarantine", "list", "--to", wrong)
        assert (refused.exit_code, wrong in refused.stderr) == (2, True)


def test_all_states_means_those_that_do_not_count(platform: Platform) -> None:
    platform.deploy(contract(platform.settings, dearest=8000))
    chosen = ("quarantine", "replay", "--source", SOURCE)
    answer(*chosen, "--place", "ST302001", "--note", "餐费上限已调整")

    tried = answer(*chosen, "--state", "all", "--dry-run", code=3)
    done = answer(*chosen, "--state", "all", "--note", "再试", code=3)
    refused = run(*chosen, "--state", "replayed", "--dry-run")

    assert [(each["selected"], each["still_quarantined"]) for each in (tried, done)] == [(2, 2), (2, 2)]
    assert (refused.exit_code, "counts already" in refused.stderr) == (2, True)


def test_a_dry_run_that_was_added_up_says_so(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ("quarantine", "replay", "--source", SOURCE, "--dry-run")
    assert "次试算后相加" not in run(*chosen).stdout

    monkeypatch.setattr(replaying, "TRIED_AT_ONCE", 2)

    assert "分 3 次试算后相加" in run(*chosen).stdout.replace("\n", "")


def test_a_patch_is_checked_and_what_still_fails_is_said(platform: Platform, tmp_path: Path) -> None:
    patch = tmp_path / "patch.yaml"
    chosen = ("quarantine", "replay", "--source", SOURCE, "--patch", patch)
    patch.write_text(f"source: {SOURCE}\nwhy: 单位\nmultiply: {{elder: 2}}\n", encoding="utf-8")
    assert "'elder' is personal" in run(*chosen).stderr
    patch.write_text(f"source: {SOURCE}\nwhy: 直接发来了号码\ntokenise: [elder]\n", encoding="utf-8")
    (platform.settings.secrets_dir / "tokens").unlink()
    assert run(*chosen).exit_code == 75, "only where the edge's key is"
    (platform.settings.secrets_dir / "tokens").write_text("k" * 64, encoding="ascii")

    done = answer(*chosen, code=3)

    assert (done["accepted"], done["still_quarantined"]) == (1, 4)
    assert {each["code"] for each in done["reasons"]} == {"out_of_range", "not_json"}


def test_conflicts_show_both_contents_masked_with_what_differs(platform: Platform) -> None:
    platform.send([meal(5, 1300, canteen_id="ST302001")])

    (found,) = answer("conflicts", "list")
    shown = answer("conflicts", "show", found["number"])
    printed = run("conflicts", "show", found["number"]).stdout

    assert (found["first"], found["second"]) == (f"{platform.topic}/0/5", f"{platform.topic}/0/12")
    differing = {each["name"]: (each["first"], each["second"]) for each in shown["values"] if each["differs"]}
    assert differing == {"data.price_fen": ("1200", "1300"), "data.paid_fen": ("700", "800")}
    assert printed.count("≠") == 2
    assert run("conflicts", "show", 999).exit_code == 2
