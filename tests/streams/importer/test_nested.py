"""Files of sources whose events have objects and lists."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import tests.streams.judge
from streams.contract.loader import load_contract
from streams.errors import HeadingsUnknown
from streams.importer.mapping import ColumnMapping
from streams.importer.readers import open_table
from streams.importer.run import Import, Summary, import_table
from streams.tokens import Tokens
from tests.streams.importer.conftest import ELDER

AVIARY = load_contract(Path(tests.streams.judge.__file__).parent / "aviary.yaml")
AVIARY = AVIARY.model_copy(
    update={"accept": AVIARY.accept.model_copy(update={"past": 20_000 * AVIARY.accept.future})}
)
HEADINGS = ["笼号", "住处·乡镇街道", "住处·饲养员身份证号", "住处·楼层", "鸟", "时间"]
BIRDS = json.dumps([{"ring": "R1", "tame": True, "finder": "13800138000"}])


def imported(tmp_path: Path, *rows: list[str], headings: list[str] = HEADINGS) -> Summary:
    path = tmp_path / "birds.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
    wanted = Import(
        AVIARY, "/import/test", ZoneInfo("Asia/Shanghai"), ColumnMapping(), Tokens.of("k" * 32), "events."
    )
    with open_table(path) as table:
        return import_table(table, wanted, None, tmp_path / "refused.csv")


def test_an_object_has_a_column_a_field_and_a_list_stands_as_json(tmp_path: Path) -> None:
    rows = [
        ["A001", "五马街道", ELDER, "1", BIRDS, "2022-05-04 11:32:08"],
        ["A002", "330302006", ELDER, "", "[]", "2022-05-04 11:32:09"],
    ]
    summary = imported(tmp_path, *rows)
    assert (summary.accepted, summary.refused, summary.ignored) == (2, 0, [])


def test_what_is_wrong_within_is_told_with_its_place(tmp_path: Path) -> None:
    summary = imported(
        tmp_path,
        ["A001", "五马街道", ELDER, "99", BIRDS, "2022-05-04 11:32:08"],
        ["A001", "五马街道", ELDER[:-1] + "9", "1", BIRDS, "2022-05-04 11:32:08"],
        ["A001", "五马街道", ELDER, "1", "R1, R2", "2022-05-04 11:32:08"],
        ["A001", "五马街道", ELDER, "1", BIRDS.replace("13800138000", "12345"), "2022-05-04 11:32:08"],
    )
    assert summary.accepted == 0
    told = (tmp_path / "refused.csv").read_text("utf-8-sig")
    for words in ("home__floor", "住处·楼层", "home__keeper", "birds[1]__finder", "鸟第1项·发现人手机号"):
        assert words in told
    assert "应为列表" in told


def test_a_missing_list_is_asked_for_as_json_text(tmp_path: Path) -> None:
    with pytest.raises(HeadingsUnknown, match=r"birds .*as JSON text"):
        imported(tmp_path, headings=[heading for heading in HEADINGS if heading != "鸟"])


def test_missing_fields_of_an_object_are_asked_for_by_their_flat_names(tmp_path: Path) -> None:
    with pytest.raises(HeadingsUnknown, match=r"home__township .住处·乡镇街道"):
        imported(tmp_path, headings=[heading for heading in HEADINGS if "乡镇" not in heading])


def test_json_lines_bring_objects_and_lists_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "birds.jsonl"
    row = {
        "笼号": "A001", "time": "2022-05-04 11:32:08", "birds": json.loads(BIRDS),
        "home": {"township": "330302006", "keeper": ELDER},
    }  # fmt: skip
    path.write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    wanted = Import(
        AVIARY, "/import/test", ZoneInfo("Asia/Shanghai"), ColumnMapping(), Tokens.of("k" * 32), "events."
    )
    with open_table(path) as table:
        assert import_table(table, wanted, None, tmp_path / "refused.csv").accepted == 1
