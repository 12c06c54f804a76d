"""Objects and lists of JSON lines whose keys are called, or written, otherwise than in the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from streams.errors import MappingWrong
from streams.importer.columns import Columns
from streams.importer.events import Events
from streams.importer.mapping import ColumnMapping, read_mapping
from streams.importer.occurrences import Occurrences
from streams.importer.readers import open_table
from streams.tokens import Tokens
from tests.streams.importer.conftest import ELDER
from tests.streams.importer.test_nested import AVIARY

ZONE = ZoneInfo("Asia/Shanghai")
MAPPING = """\
columns:
  笼号: cage
  at: time
  住处.街道: home__township
  住处.Keeper: home__keeper
  鸟.ringNo: birds__ring
  鸟.Tame: {to: birds__tame, values: {T: '是', F: '否'}}
"""
LINE = {
    "笼号": "A001",
    "at": "2022-05-04 11:32:08",
    "住处": {"街道": "五马街道", "Keeper": ELDER, "楼层": "-", "color": "red"},
    "鸟": [{"ringNo": "R1", "Tame": "T", "weight": 3}, {"ringNo": "R2", "Tame": "F"}],
}


def data_of(tmp_path: Path, line: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What the importer makes of a line, and which keys lead nowhere."""
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(json.dumps(line, ensure_ascii=False), encoding="utf-8")
    columns = Columns(AVIARY, read_mapping(tmp_path / "mapping.yaml"), ZONE)
    with open_table(tmp_path / "a.jsonl") as table, Occurrences() as occurrences:
        events = Events("aviary", "/import/test", columns, Tokens.of("k" * 32), occurrences)
        (row,) = table.rows
        return events.event(row.cells)["data"], columns.ignored()


def test_keys_are_renamed_and_their_values_converted_and_the_others_left_out(tmp_path: Path) -> None:
    data, ignored = data_of(tmp_path, LINE)
    assert data == {
        "cage": "A001",
        "home": {"township": "330302006", "keeper": ELDER},
        "birds": [{"ring": "R1", "tame": True}, {"ring": "R2", "tame": False}],
    }
    assert ignored == ["住处.楼层", "住处.color", "鸟.weight"]


@pytest.mark.parametrize("value", ["R1, R2", 7, [1, 2]])
def test_what_is_no_object_is_left_to_the_judge(value: Any, tmp_path: Path) -> None:
    assert data_of(tmp_path, LINE | {"鸟": value})[0]["birds"] == value


def test_blank_texts_are_empty_as_in_other_files(tmp_path: Path) -> None:
    assert "cage" not in data_of(tmp_path, LINE | {"笼号": " "})[0]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"鸟.ring": "birds__ring", "鸟.tame": "home__floor"}, "leads into one object or list"),
        ({"鸟.ring": "cage"}, "leads into one object or list"),
        ({"鸟": "birds__ring"}, "no such field"),
    ],
)
def test_keys_that_lead_apart_are_refused(columns: dict[str, Any], words: str) -> None:
    with pytest.raises(MappingWrong, match=words):
        Columns(AVIARY, ColumnMapping.model_validate({"columns": columns}), ZONE).target("鸟")
