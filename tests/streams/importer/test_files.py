"""Files as departments send them, judged line by line without Kafka."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from streams.contract.loader import parse_contract
from streams.errors import FileUnreadable, HeadingsUnknown, MappingWrong, ReportUnwritable
from streams.importer.columns import Columns
from streams.importer.mapping import ColumnMapping, read_mapping, with_options
from streams.importer.readers import open_table
from streams.importer.report import Report
from streams.importer.run import Summary
from tests.streams.importer.conftest import CONTRACT, ELDER, HEADINGS, row

Write = Callable[..., Path]
Run = Callable[..., Summary]


def refused(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_is_read_in_the_encoding_that_it_has(write_csv: Write, dry_run: Run, encoding: str) -> None:
    summary = dry_run(write_csv([row(), row(餐次="晚餐")], encoding))
    assert (summary.lines, summary.accepted, summary.refused) == (2, 2, 0)
    assert {target.heading: target.name for target in summary.columns} == dict(
        zip(HEADINGS, ["division", "canteen_id", "meal", "elder", "price_fen", "time"], strict=True)
    )


def test_refused_lines_are_reported_with_number_field_and_reason(
    write_csv: Write, dry_run: Run, tmp_path: Path
) -> None:
    rows = [
        row(),
        row(餐次="夜宵"),
        row(**{"餐费（元）": "免费"}),
        row(老人身份证号=ELDER[:-1] + "3"),
        row(用餐时间="昨天"),
    ]
    summary = dry_run(write_csv(rows))
    assert (summary.accepted, summary.refused) == (1, 4)
    assert [(line["行号"], line["字段"], line["代码"]) for line in refused(tmp_path)] == [
        ("3", "meal", "not_in_enum"),
        ("4", "price_fen", "wrong_type"),
        ("5", "elder", "bad_checksum"),
        ("6", "time", "bad_time"),
    ]
    assert [line["字段名称"] for line in refused(tmp_path)][:3] == ["餐次", "餐费", "老人身份证号"]
    assert all("用餐明细" in line["原因"] for line in refused(tmp_path))
    assert ELDER[:-1] not in (tmp_path / "refused.csv").read_text(encoding="utf-8")


def test_a_formula_in_a_cell_is_inert_in_the_report(write_csv: Write, dry_run: Run, tmp_path: Path) -> None:
    dry_run(write_csv([row(餐次="=HYPERLINK(1)")]))
    cells = [cell for line in refused(tmp_path) for cell in line.values()]
    assert cells
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_a_report_that_has_no_place_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "no" / "refused.csv"
    with pytest.raises(ReportUnwritable, match=r"refused\.csv: No such file.*--report FILE"), Report(path):
        pass


def test_quoted_line_breaks_blank_lines_and_odd_rows(write_csv: Write, dry_run: Run, tmp_path: Path) -> None:
    path = write_csv(
        [[*row(), "第一行\n第二行"], [""], [*row(), "", "多出"], row()], headings=[*HEADINGS, "备注"]
    )
    summary = dry_run(path)
    assert (summary.lines, summary.accepted) == (3, 2)
    assert [(line["行号"], line["代码"]) for line in refused(tmp_path)] == [("5", "too_many_cells")]


def test_a_quote_that_is_never_closed_does_not_eat_the_memory(write_csv: Write, dry_run: Run) -> None:
    path = write_csv([row()])
    with path.open("a", encoding="utf-8") as file:
        file.write('"')
        file.writelines("x" * 1_000 + "\n" for _ in range(2_000))
    summary = dry_run(path)
    assert summary.accepted == 1
    assert summary.refused > 0


def test_a_workbook_gives_typed_cells(dry_run: Run, tmp_path: Path) -> None:
    from datetime import datetime  # noqa: PLC0415 (only here)

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([*HEADINGS, "是否打包", "出生日期"])
    moment = datetime(2022, 5, 4, 11, 32)  # noqa: DTZ001 (as a workbook has it)
    sheet.append([330302, "ST302001", "午餐", ELDER, 12.5, moment, "是", datetime(1940, 1, 1)])  # noqa: DTZ001
    sheet.append([None] * 8)
    sheet.append([330302, "ST302001", "午餐", int(ELDER), 12.5, moment, False, None])
    path = tmp_path / "meals.xlsx"
    book.save(path)
    summary = dry_run(path)
    assert (summary.lines, summary.accepted) == (2, 1)
    assert [(line["行号"], line["字段"], line["代码"]) for line in refused(tmp_path)] == [
        ("4", "elder", "wrong_type")
    ]


def test_json_lines_by_name_or_title_and_whole_events(dry_run: Run, tmp_path: Path) -> None:
    data = {
        "division": "330302",
        "canteen_id": "ST302001",
        "meal": "lunch",
        "elder": ELDER,
        "price_fen": 1250,
    }
    event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/x",
        "type": "meal_file",
        "time": "2022-05-04T11:32:08+08:00",
    }
    lines = [
        data | {"time": "2022-05-04 11:32"},
        dict(zip([*HEADINGS[:-1], "时间"], row(), strict=True)) | {"餐费（元）": 12.5},
        event | {"data": data},
        data,
        [1],
    ]
    path = tmp_path / "meals.jsonl"
    path.write_text(
        "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines) + '{"a":1,"a":2}\n'
    )
    summary = dry_run(path)
    assert (summary.lines, summary.accepted) == (6, 3)
    assert [(line["行号"], line["代码"]) for line in refused(tmp_path)] == [
        ("4", "bad_envelope"),
        ("5", "not_an_object"),
        ("6", "duplicate_key"),
    ]


@pytest.mark.parametrize(
    ("headings", "names"),
    [
        (HEADINGS[:-1], "time"),
        (["行政区划", "食堂编号", "餐次", "老人身份证号", "单价", "用餐时间"], "price_fen"),
        ([*HEADINGS[:-1], "开始时间", "结束时间"], "time"),
    ],
)
def test_a_missing_heading_is_said_before_anything_is_read(
    write_csv: Write, dry_run: Run, headings: list[str], names: str
) -> None:
    with pytest.raises(HeadingsUnknown, match=names):
        dry_run(write_csv([], headings=headings))


def test_two_headings_for_one_field_and_a_heading_twice_are_refused(write_csv: Write, dry_run: Run) -> None:
    with pytest.raises(HeadingsUnknown, match="both lead to meal"):
        dry_run(write_csv([], headings=[*HEADINGS, "meal"]))
    with pytest.raises(HeadingsUnknown, match="餐次 more than once"):
        dry_run(write_csv([], headings=[*HEADINGS, "餐次"]))
    with pytest.raises(HeadingsUnknown, match="column 2"):
        dry_run(write_csv([], headings=["a", "", "b"]))


def test_a_mapping_leads_foreign_headings_to_fields(write_csv: Write, dry_run: Run, tmp_path: Path) -> None:
    headings = ["region", "where", "what", "who", "cost", "at"]
    cells = ["鹿城区", "ST302001", "L", ELDER, "12.50", "5/4/22 11:32"]
    path = write_csv([cells], headings=headings)
    file = tmp_path / "mapping.yaml"
    file.write_text(
        "zone: America/Los_Angeles\n"
        "columns:\n"
        "  region: division\n  where: canteen_id\n  who: elder\n"
        "  what: {to: meal, values: {L: lunch}}\n"
        "  cost: {to: price_fen, unit: 元}\n"
        "  at: {to: time, format: '%m/%d/%y %H:%M'}\n",
        encoding="utf-8",
    )
    assert dry_run(path, read_mapping(file)).accepted == 1
    options = ["region=division", "where=canteen_id", "what=meal", "who=elder", "cost=price_fen", "at=time"]
    by_options = dry_run(path, with_options(ColumnMapping(), options))
    assert by_options.by_code == {"bad_time": 1}


@pytest.mark.parametrize("options", [["餐次"], ["=meal"], ["餐次=mael"], ["没有=meal"]])
def test_a_mapping_that_names_what_does_not_exist_is_refused(
    write_csv: Write, dry_run: Run, options: list[str]
) -> None:
    with pytest.raises(MappingWrong):
        dry_run(write_csv([row()]), with_options(ColumnMapping(), options))


def test_a_mapping_file_with_a_typing_error_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text("colums: {a: b}\n")
    with pytest.raises(MappingWrong, match="colums"):
        read_mapping(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0 old", r"\.xls"),
        (b"PK\x03\x04 not a workbook", "Excel"),
        (b"\x81\x20\xff\xff", "UTF-8"),
        (b"a,b\n\x00,1\n", "UTF-8"),
        (b'[{"a":1}]', "array"),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_with_advice(
    dry_run: Run, tmp_path: Path, content: bytes, says: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=says):
        dry_run(path)


def test_a_workbook_that_inflates_without_end_is_refused(dry_run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w") as entry,
    ):
        for _ in range(300):
            entry.write(b" " * 1024 * 1024)
    with pytest.raises(FileUnreadable, match=r"sharedStrings\.xml"):
        dry_run(path)


def test_a_field_under_the_name_of_an_attribute_is_refused(write_csv: Write, tmp_path: Path) -> None:
    text = CONTRACT.replace(
        "  price_fen:  {title: 餐费",
        "  time: {title: 时间, type: text, max_length: 20}\n  price_fen:  {title: 餐费",
    )
    shadowing = parse_contract(
        text.replace("price_fen: 1", "price_fen: 1\n      time: 中午"), "meal_file.yaml"
    )
    columns = Columns(shadowing, ColumnMapping(), ZoneInfo("Asia/Shanghai"))
    with pytest.raises(MappingWrong, match="has a field time: that is the name of an attribute"):
        columns.match(HEADINGS)


def test_the_time_of_an_event_is_not_put_into_an_optional_field_of_that_name(tmp_path: Path) -> None:
    field = "time: {title: 时间, type: text, max_length: 20, optional: true}"
    shadowing = parse_contract(
        CONTRACT.replace("  price_fen:  {", f"  {field}\n  price_fen:  {{"), "meal_file.yaml"
    )
    targets = Columns(shadowing, ColumnMapping(), ZoneInfo("Asia/Shanghai")).match([*HEADINGS[:-1], "时间"])
    assert (targets[-1].name, targets[-1].is_attribute) == ("time", True)


def test_marks_of_nothing_are_empty_unless_the_contract_or_the_mapping_knows_them(
    write_csv: Write, dry_run: Run, tmp_path: Path
) -> None:
    headings = [*HEADINGS, "是否打包", "备注"]
    path = write_csv(
        [[*row(), "-", " NULL "], [*row(), "n/a", "是"], [*row(餐次="/"), "否", "\\N"]], headings=headings
    )
    summary = dry_run(path)
    assert (summary.accepted, summary.refused) == (2, 1)
    (line,) = refused(tmp_path)
    assert (line["字段"], line["代码"]) == ("meal", "missing")
    told = ColumnMapping.model_validate({"columns": {"餐次": {"to": "meal", "values": {"/": "lunch"}}}})
    assert dry_run(path, told).refused == 0


@pytest.mark.parametrize("first", ["utf-8", "gb18030"])
def test_a_file_of_two_encodings_is_refused_with_the_lines(first: str, tmp_path: Path) -> None:
    second = {"utf-8": "gb18030", "gb18030": "utf-8"}[first]
    path = tmp_path / "mixed.csv"
    # 1 MiB and more before the fault: lines are counted over all that was read.
    start = ("时间,站点\n" + "2026-01-02 08:00,一号站的\n" * 60_000).encode(first)
    path.write_bytes(start + "2026-01-02 08:00,𠮷家站\n".encode(second) + b"\xff\xff\n")
    with pytest.raises(FileUnreadable) as raised, open_table(path):
        pass
    line = 60_002 if first == "utf-8" else 1
    assert f"utf-8-sig: invalid start byte in line {line}" in str(raised.value)
    assert re.search(r"gb18030: .* in line \d+\)", str(raised.value))


def test_a_nul_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,2\n1,\x002\n")
    with pytest.raises(FileUnreadable, match="a NUL character in line 3"), open_table(path):
        pass
