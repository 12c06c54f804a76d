"""Finance files as departments write them: titles, merged cells, totals, corrections, formulas, encodings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.finance.cells import read_grid
from infra.finance.compare import Group, compare, groups
from infra.finance.errors import FileRefused, HeadingsRefused
from infra.finance.headings import Headings, find_headings
from infra.finance.lines import Line, Lines, read_lines
from streams.contract.loader import load_contracts
from streams.importer.mapping import ColumnMapping
from streams.settings import Settings

CONTRACT = load_contracts(Settings().contracts_dir)["subsidy_payout"]


def read(
    path: Path, unit: str | None = None, mapping: dict[str, Any] | None = None, sheet: str | None = None
) -> tuple[Headings, Lines]:
    grid = read_grid(path, sheet)
    columns = ColumnMapping.model_validate({"columns": mapping or {}})
    headings = find_headings(grid.rows, CONTRACT, columns, unit)
    return headings, read_lines(grid, headings)


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "finance.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_titles_totals_and_corrections_are_told_from_lines(tmp_path: Path, encoding: str) -> None:
    text = (
        "2022年6月14日惠民补助发放对账表,,,,\n"
        ",,,单位：元,\n"
        "部门,县（市、区）,项目,发放金额,笔数\n"
        '民政局,鹿城区,BZ0001,"1,035.00",1\n'
        '民政局,鹿城区,BZ0001,"(35.00)",0\n'
        "民政局,温州市瑞安市,BZ0002,￥２０.５,2\n"
        '民政局小计,,,"1,020.50",3\n'
        "医保局,龙港,BZ0417,—,\n"
        '合计,,,"1,020.50",3\n'
        ",,,,\n"
        "制表人：张三,,审核：李四,,\n"
    )
    headings, found = read(csv_file(tmp_path, text, encoding))
    assert [key.field for key in headings.keys] == ["department", "division", "item"]
    assert [(line.key, line.amount_fen, line.count) for line in found.lines] == [
        (("civil_affairs", "330302", "BZ0001"), 103_500, 1),
        (("civil_affairs", "330302", "BZ0001"), -3_500, 0),
        (("civil_affairs", "330381", "BZ0002"), 2_050, 2),
        (("medical_security", "330383", "BZ0417"), 0, None),
    ]
    assert (found.faults, list(found.total_faults), found.notes) == ((), [], 2)
    corrected = groups(found.lines)["civil_affairs", "330302", "BZ0001"]
    assert corrected == Group(100_000, 1, (4, 5))


def test_a_total_of_the_file_that_is_not_the_sum_of_its_lines_is_said(tmp_path: Path) -> None:
    text = "部门,金额（分）,笔数\n民政局,100,1\n残联,200,1\n合 计,300,3\n"
    _, found = read(csv_file(tmp_path, text))
    assert list(found.total_faults) == ["第 4 行的合计笔数是 3，各行相加是 2"]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("12,34", "金额不是数"), ("1234,50", "金额不是数"), ("=A1+1", "金额不是数"),
        ("1.005", "金额不是整分"),
        ("1e3", "金额不是数"), ("NaN", "金额不是数"), ("9" * 20, "金额太大"), ("十元", "金额不是数"),
        ("<b>1</b>", "金额不是数"),
    ],
)  # fmt: skip
def test_an_amount_that_is_none_is_a_fault_and_never_guessed(tmp_path: Path, cell: str, reason: str) -> None:
    _, found = read(csv_file(tmp_path, f'部门,金额（元）\n民政局,"{cell}"\n残联,1\n'))
    assert [(line.key, line.amount_fen) for line in found.lines] == [(("disabled",), 100)]
    assert [fault.row for fault in found.faults] == [2]
    assert found.faults[0].reason.startswith(reason)


def test_a_line_without_its_key_or_without_numbers_is_a_fault(tmp_path: Path) -> None:
    _, found = read(csv_file(tmp_path, "部门,项目,金额（元）\n民政局,,5\n,BZ0001,5\n残联,BZ0002,\n"))
    assert [(fault.row, fault.reason) for fault in found.faults] == [
        (2, "缺少item"), (3, "缺少department"), (4, "没有金额，也没有笔数"),
    ]  # fmt: skip
    assert found.lines == ()


def test_an_amount_without_a_unit_is_refused_until_it_is_said(tmp_path: Path) -> None:
    path = csv_file(tmp_path, "部门,金额\n民政局,5\n")
    with pytest.raises(HeadingsRefused, match="--unit 元"):
        read(path)
    assert read(path, unit="万元")[1].lines[0].amount_fen == 5_000_000


def test_headings_that_lead_nowhere_or_twice_are_refused_and_a_mapping_says_which(tmp_path: Path) -> None:
    with pytest.raises(HeadingsRefused, match="--map HEADING=FIELD"):
        read(csv_file(tmp_path, "甲,乙\n1,2\n"))
    with pytest.raises(HeadingsRefused, match="both lead to department"):
        read(csv_file(tmp_path, "部门,发放部门,金额（元）\n民政局,民政局,1\n"))
    mapped = {"经办": {"to": "department", "values": {"民政": "civil_affairs"}}, "数": "count"}
    headings, found = read(
        csv_file(tmp_path, "经办,数,身份证号\n民政,3,330302194001011232\n"), mapping=mapped
    )
    assert (found.lines[0].key, found.lines[0].count, found.lines[0].amount_fen) == (
        ("civil_affairs",),
        3,
        None,
    )
    assert headings.ignored == ("身份证号",)


def workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "六月"
    rows = [
        ["发放对账表", None, None, None],
        ["部门", "区县", "发放情况（单位：元）", None],
        [None, None, "金额（元）", "笔数"],
        ["民政局", "鹿城区", 0.1 + 0.2, 1],
        [None, "乐清市", 1035, 2],
        ["残联", "泰顺县", "=SUM(C4:C5)", 3],
        ["合计", None, 1035.3, 6],
    ]
    for row in rows:
        sheet.append(row)
    for area in ("A1:D1", "A2:A3", "B2:B3", "C2:D2", "A4:A5"):
        sheet.merge_cells(area)
    book.create_sheet("说明").append(["无"])
    path = folder / "finance.xlsx"
    book.save(path)
    return path


def test_merged_cells_are_read_as_people_do_and_a_formula_without_a_value_is_a_fault(tmp_path: Path) -> None:
    path = workbook(tmp_path)
    headings, found = read(path)
    assert headings.row == 3
    assert [(line.row, line.key, line.amount_fen, line.count) for line in found.lines] == [
        (4, ("civil_affairs", "330302"), 30, 1),
        (5, ("civil_affairs", "330382"), 103_500, 2),
    ]
    assert [(fault.row, "C6" in fault.reason) for fault in found.faults] == [(6, True)]
    assert list(found.total_faults) == ["第 7 行的合计笔数是 6，各行相加是 3"]
    assert read_grid(path).others == ("说明",)
    with pytest.raises(FileRefused, match="it has 六月、说明"):
        read(path, sheet="七月")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"), (b"PK\x03\x04broken", "not an Excel workbook"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 20, "old .xls"), (b"\xff\xfe\x00", "neither"),
        (b"\x00\x01\x02", "neither"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_with_what_to_do(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=says):
        read(path)
    with pytest.raises(FileRefused, match="cannot be read"):
        read(tmp_path / "absent.csv")


keys = st.sampled_from([("a",), ("b",), ("c",), ("d",)])
lines = st.lists(
    st.builds(Line, st.integers(2, 99), keys, st.integers(-500, 500), st.integers(-3, 3)), max_size=12
)
platforms = st.dictionaries(keys, st.builds(Group, st.integers(1, 900), st.integers(1, 9)))


@given(lines, platforms)
def test_differences_make_the_whole_difference(finance: list[Line], platform: dict[Any, Group]) -> None:
    found = compare(groups(finance), platform)
    amount = sum(line.amount_fen or 0 for line in finance) - sum(g.amount_fen or 0 for g in platform.values())
    count = sum(line.count or 0 for line in finance) - sum(group.count or 0 for group in platform.values())
    assert sum(each.amount_fen or 0 for each in found) == amount
    assert sum(each.count or 0 for each in found) == count
    assert all(each.amount_fen or each.count for each in found)


@given(platforms)
def test_equal_sides_do_not_differ_and_what_the_file_does_not_say_is_not_compared(
    platform: dict[Any, Group],
) -> None:
    assert compare(platform, platform) == []
    amounts_only = {key: Group(group.amount_fen, None) for key, group in platform.items()}
    assert compare(amounts_only, platform) == []
