"""`minsheng contract new`, `check` and `try` as a data engineer meets them; no server is needed."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from infra.cli import exits
from infra.cli.main import app
from streams.settings import REPOSITORY, Settings
from streams.zone import ZONE
from tests.streams.authoring.rides import rides, write_csv

TODAY = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
SAID = ("--title", "公共自行车", "--about", "市民骑行一次", "--owner", "综合执法")


def minsheng(*arguments: object, input: str | None = None) -> Result:  # noqa: A002 (what the runner calls it)
    return CliRunner().invoke(app, [str(each) for each in arguments], input=input)


def answer(result: Result) -> Any:
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "rides.csv"
    return write_csv(path, rides(400, begin=TODAY - timedelta(days=22)))


@pytest.fixture(scope="module")
def written(sample: Path) -> Path:
    """The contract that `contract new` wrote."""
    folder = sample.parent / "contracts"
    result = minsheng("contract", "new", sample, "--source", "bike_ride", *SAID, "--out", folder)
    assert result.exit_code == exits.OK, result.output
    return folder / "bike_ride.yaml"


def test_new_writes_a_contract_that_check_passes(written: Path) -> None:
    found = answer(minsheng("contract", "check", written, "--json"))
    assert list(found["contracts"]) == ["bike_ride"]
    assert found["problems"] == []


def test_new_overwrites_nothing_unless_told(written: Path, sample: Path) -> None:
    before = written.read_text(encoding="utf-8")
    again = ("contract", "new", sample, "--source", "bike_ride", "--yes", "--out", written.parent)
    refused = minsheng(*again)
    assert refused.exit_code == exits.USAGE
    assert "exists already" in refused.stderr
    assert written.read_text(encoding="utf-8") == before


def test_a_dry_run_prints_and_writes_nothing(sample: Path, tmp_path: Path) -> None:
    result = minsheng("contract", "new", sample, "--source", "other", "--dry-run", "--out", tmp_path)
    assert result.exit_code == exits.OK
    assert "\nsource: other\n" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_nothing_is_asked(sample: Path, tmp_path: Path) -> None:
    told = ("--title", "自行车", "--out", tmp_path, "--mapping", tmp_path / "mapping.yaml")
    result = minsheng("contract", "new", sample, "--source", "other", *told)
    assert result.exit_code == exits.USAGE
    assert "--about ... --owner ..., or --yes" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_paste_on_standard_input_is_a_sample(sample: Path, tmp_path: Path) -> None:
    result = minsheng(
        "contract", "new", "-", "--source", "other", "--yes", "--json",
        "--out", tmp_path, "--mapping", tmp_path / "m",
        input=sample.read_text(encoding="utf-8"),
    )  # fmt: skip
    assert result.exit_code == exits.OK, result.output
    assert answer(result)["rows"] == 400
    assert (tmp_path / "other.yaml").exists()


@pytest.mark.parametrize("name", ["", "r", "Ride", "ride__x", "1ride", "x" * 31])
def test_a_name_that_no_source_can_have_is_refused(name: str, sample: Path, tmp_path: Path) -> None:
    result = minsheng("contract", "new", sample, "--source", name, "--yes", "--out", tmp_path)
    assert result.exit_code == exits.USAGE
    assert "--source" in result.stderr


def test_an_empty_sample_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    result = minsheng(
        "contract", "new", tmp_path / "empty.csv", "--source", "other", "--yes", "--out", tmp_path
    )
    assert result.exit_code == exits.USAGE
    assert "is empty" in result.stderr


def test_a_sheet_and_a_line_of_headings_are_said_to_new_try_and_import_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINSHENG_HOME", str(tmp_path / "home"))
    secrets = Settings().secrets_dir
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "tokens").write_text("k" * 64, encoding="ascii")
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["填表说明"])
    sheet = book.create_sheet("数据")
    sheet.append(["time", "station", "count"])
    sheet.append(["日期", "站点", "数量", "时间"])
    for n in range(60):
        sheet.append([date(2026, 1, 2), f"ZD{n % 3}", n, time(8, n)])
    path = tmp_path / "表.xlsx"
    book.save(path)
    made = ("--sheet", "数据", "--header-row", 2, "--source", "other", "--yes", "--out", tmp_path)
    result = minsheng("contract", "new", path, *made)
    assert result.exit_code == exits.OK, result.output
    assert "The headings stand on line 2" in result.stdout
    assert "日期 + 时间" in result.stdout
    assert f"--events {path} --sheet 数据 --mapping {path}.mapping.yaml" in result.stdout
    read = ("--sheet", "数据", "--mapping", f"{path}.mapping.yaml", "--json")
    tried = minsheng("contract", "try", tmp_path / "other.yaml", "--events", path, *read)
    assert tried.exit_code == exits.OK, tried.output
    assert answer(tried)["counts"]["accepted"] == 60
    judged = ("import", path, "--source", "other", "--dry-run", "--contract", tmp_path / "other.yaml", *read)
    taken = answer(minsheng(*judged))
    assert (taken["accepted"], taken["header_row"]) == (60, 2)
    assert (taken["columns"]["日期"], taken["ignored"]) == ("time", [])
    wrong = minsheng(*judged, "--header-row", 1)
    assert wrong.exit_code == exits.USAGE
    assert "The file has no heading" in wrong.stderr


def test_headings_that_look_like_markup_are_only_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"2026-01-02 08:{n:02d},[/b],{n % 3}\n" for n in range(60))
    path.write_text(f"时间,[red]站点,[/i]类型\n{rows}", encoding="utf-8")
    result = minsheng("contract", "new", path, "--source", "other", "--yes", "--out", tmp_path)
    assert result.exit_code == exits.OK, result.output
    assert "[red]站点" in result.stdout
    tried = minsheng("contract", "try", tmp_path / "other.yaml", "--events", path)
    assert "接收" in tried.stdout, tried.output


def test_check_warns_and_passes_unless_it_is_strict(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "bike_ride.yaml"
    path.write_text(
        written.read_text(encoding="utf-8").replace("owner: 综合执法", "owner: 待定"), encoding="utf-8"
    )
    lenient = minsheng("contract", "check", path)
    assert lenient.exit_code == exits.OK
    assert "'待定' is a placeholder" in lenient.stderr
    assert minsheng("contract", "check", path, "--strict").exit_code == exits.NO


def test_check_asks_the_examples(written: Path, tmp_path: Path) -> None:
    path = tmp_path / "bike_ride.yaml"
    text = written.read_text(encoding="utf-8")
    path.write_text(text.replace("because: not_in_enum", "because: bad_checksum", 1), encoding="utf-8")
    result = minsheng("contract", "check", path)
    assert result.exit_code == exits.NO
    assert "expected rejected: bad_checksum" in result.stderr


def test_try_gives_every_line_its_verdict(written: Path, sample: Path, tmp_path: Path) -> None:
    result = minsheng("contract", "try", written, "--events", sample, "--out", tmp_path, "--json")
    assert result.exit_code == exits.NO  # two lines have a wrong check digit; one is beyond this sample's end
    found = answer(result)
    assert found["counts"] == {"accepted": 399, "refused": 1, "duplicate": 0, "conflict": 0}
    assert found["refused"][0]["line"] == 17
    assert "校验码或出生日期不对" in found["refused"][0]["reasons"][0]["text"]
    assert sum(row["events"] for row in found["days"]["bike_ride__events"]["shown"]) <= 399
    assert "<svg" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "day.svg").read_text(encoding="utf-8").startswith("<svg")


def test_try_without_events_takes_a_simulated_day(written: Path) -> None:
    result = minsheng("contract", "try", written, "--json")
    assert result.exit_code == exits.OK, result.output
    found = answer(result)
    assert found["counts"]["accepted"] >= 10
    assert found["events"] == sum(found["counts"].values())


def test_try_says_which_heading_is_missing(written: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("列\n1\n", encoding="utf-8")
    result = minsheng("contract", "try", written, "--events", tmp_path / "a.csv")
    assert result.exit_code == exits.USAGE
    assert "No heading leads to" in result.stderr


def test_new_takes_a_contract_of_the_standard(tmp_path: Path) -> None:
    path = tmp_path / "a.odcs.yaml"
    path.write_text(
        "{kind: DataContract, apiVersion: v3.1.0, servers: [{server: a}], schema: [{name: t, properties: ["
        "{name: station, logicalType: string, required: true}, {name: n, logicalType: integer}]}]}",
        encoding="utf-8",
    )
    result = minsheng("contract", "new", "--from-odcs", path, "--source", "other", "--out", tmp_path)
    assert result.exit_code == exits.OK, result.output
    assert "not carried over: servers" in result.stderr
    assert minsheng("contract", "check", tmp_path / "other.yaml").exit_code == exits.OK


def test_the_real_requests_of_a_city_go_from_sample_to_verdicts(tmp_path: Path) -> None:
    la311 = REPOSITORY / "tests" / "data" / "la311" / "la311_2020.csv"
    mapping = tmp_path / "mapping.yaml"
    new = minsheng(
        "contract", "new", la311, "--source", "city_request", "--yes", "--json",
        "--out", tmp_path, "--mapping", mapping,
    )  # fmt: skip
    assert new.exit_code == exits.OK, new.output
    tried = answer(
        minsheng(
            "contract",
            "try",
            tmp_path / "city_request.yaml",
            "--events",
            la311,
            "--mapping",
            mapping,
            "--json",
        )
    )
    assert tried["events"] == 10_000
    assert tried["counts"]["accepted"] >= 9_990


@pytest.mark.parametrize("name", ["time", "id", "source", "minute"])
def test_the_name_of_an_attribute_is_refused_for_a_field(name: str, sample: Path) -> None:
    result = minsheng(
        "contract", "new", sample, "--source", "bike_ride", "--yes", "--dry-run", "--name", f"费用(元)={name}"
    )
    assert result.exit_code == exits.USAGE
    assert f"--name 费用(元)={name}: {name} is a" in result.stderr
