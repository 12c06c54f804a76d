"""`minsheng contract`: what a person or a program sees."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.cli.contract import app
from streams.settings import Settings
from tests.streams.contract.seeded import SOUND


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of contracts with one in it."""
    (tmp_path / "kiosk_sale.yaml").write_text(SOUND, encoding="utf-8")
    monkeypatch.setenv("MINSHENG_CONTRACTS_DIR", str(tmp_path))
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path / "home"))
    return tmp_path


def test_check_accepts_what_is_sound(folder: Path) -> None:
    assert run("check").exit_code == 0
    assert run("check", str(folder / "kiosk_sale.yaml")).exit_code == 0


def test_check_says_every_problem_with_file_and_line(folder: Path) -> None:
    (folder / "kiosk_sale.yaml").write_text(SOUND.replace("type: decimal", "type: decimel"), encoding="utf-8")
    told = run("check")
    assert told.exit_code == 3
    assert f"{folder}/kiosk_sale.yaml:13: fields.weight.type: unknown type 'decimel'" in told.output
    assert "Did you mean 'decimal'?" in told.output
    (problem,) = json.loads(run("check", "--json").stdout)["problems"]
    assert (problem["line"], problem["remedy"]) == (13, "Did you mean 'decimal'?")


def test_check_of_what_is_not_there_fails(folder: Path) -> None:
    told = run("check", str(folder / "absent.yaml"))
    assert told.exit_code == 2
    assert "absent.yaml does not exist" in told.output


def test_show_prints_schema_tables_and_json(folder: Path) -> None:
    assert json.loads(run("show", "kiosk_sale", "--schema").stdout)["properties"]["type"] == {
        "const": "kiosk_sale"
    }
    assert 'create table if not exists live."kiosk_sale__sales"' in run("show", "kiosk_sale", "--sql").stdout
    assert json.loads(run("show", "kiosk_sale", "--json").stdout)["title"] == "报亭销售"
    shown = run("show", "kiosk_sale").stdout
    assert all(text in shown for text in ("报亭销售", "price_fen", "personal", "kiosk_sale__sales"))
    unknown = run("show", "kiosk")
    assert unknown.exit_code == 2
    assert "There is no contract 'kiosk'" in unknown.output


def test_an_installation_without_secrets_is_told_apart_from_a_wrong_contract(folder: Path) -> None:
    told = run("list")
    assert told.exit_code == 75
    assert f"There is no secret {folder}/home/secrets/postgres" in told.output
    assert "minsheng up" in told.output


@pytest.mark.servers
def test_deploy_list_and_retire(folder: Path, settings: Settings) -> None:
    assert settings.contracts_dir == folder
    planned = json.loads(run("deploy", "--dry-run", "--json").stdout)
    assert planned["changes"]
    assert [contract["action"] for contract in planned["contracts"]] == ["create"]
    assert [row["state"] for row in json.loads(run("list", "--json").stdout)] == ["not deployed"]
    assert run("deploy").exit_code == 0
    (listed,) = json.loads(run("list", "--json").stdout)
    version = listed["file"]
    assert (listed["state"], listed["deployed"]) == ("deployed", version)
    assert not json.loads(run("deploy", "kiosk_sale", "--json").stdout)["changes"]
    (folder / "kiosk_sale.yaml").write_text(SOUND.replace("per_day: 500", "per_day: 600"), encoding="utf-8")
    assert [row["state"] for row in json.loads(run("list", "--json").stdout)] == ["changed"]
    (folder / "kiosk_sale.yaml").write_text(SOUND.replace("[1, 50000]", "[1, 40000]"), encoding="utf-8")
    refused = run("deploy")
    assert refused.exit_code == 1
    assert "kiosk_sale_v2" in refused.output
    (folder / "kiosk_sale.yaml").write_text("source: [", encoding="utf-8")
    assert run("list").exit_code == 1
    (deployed,) = json.loads(run("list", "--deployed", "--json").stdout)
    assert (deployed["source"], deployed["deployed"]) == ("kiosk_sale", version)
    assert "报亭销售" in run("list", "--deployed").stdout
    assert run("retire", "kiosk_sale").exit_code == 0
    assert json.loads(run("list", "--deployed", "--json").stdout) == []
    (folder / "kiosk_sale.yaml").write_text(SOUND, encoding="utf-8")
    assert [row["state"] for row in json.loads(run("list", "--json").stdout)] == ["retired"]
    assert run("retire", "kiosk_sale").exit_code == 2
