"""Headings below a title, a period and a unit, in CSV and XLSX alike."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from streams.errors import HeadingsUnknown
from streams.importer.readers import open_table

HEADINGS = ["序号", "食堂", "时间", "餐次", "金额（元）"]
ROWS = [[n, f"ST{n % 3}", f"2026-01-02 08:{n:02d}", "早餐", 3.5] for n in range(1, 9)]
TITLE = ["温州市老年食堂用餐明细表"]
PERIOD = ["统计期：2026-01-01至2026-01-31", None, None, None, "单位：元"]
GROUPS = ["基本信息", None, None, "费用", None]
Lines = Sequence[Sequence[Any]]


def csv_file(path: Path, lines: Lines) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(["" if cell is None else cell for cell in line] for line in lines)
    return path


def tsv_file(path: Path, lines: Lines) -> Path:
    text = "".join("\t".join("" if cell is None else str(cell) for cell in line) + "\n" for line in lines)
    path.write_text(text, encoding="gb18030")
    return path


def workbook(path: Path, lines: Lines) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in lines:
        book.active.append(list(line))
    book.save(path)
    return path


WRITERS: dict[str, Callable[[Path, Lines], Path]] = {"csv": csv_file, "tsv": tsv_file, "xlsx": workbook}
ABOVE: dict[str, Lines] = {
    "nothing": [],
    "a title": [TITLE],
    "a title and a period": [TITLE, PERIOD],
    "a title and a blank line": [TITLE, []],
    "a title, a period and groups": [TITLE, PERIOD, GROUPS],
}


def read(path: Path, header_row: int | None = None) -> tuple[int, tuple[str, ...], list[int]]:
    with open_table(path, header_row=header_row) as table:
        assert table.headings is not None
        return table.header_row, table.headings, [row.line for row in table.rows if row.fault is None]


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("above", ABOVE)
def test_headings_are_found_below_titles_and_lines_keep_their_numbers(
    kind: str, above: str, tmp_path: Path
) -> None:
    path = WRITERS[kind](tmp_path / "a", [*ABOVE[above], HEADINGS, *ROWS])
    at = len(ABOVE[above]) + 1
    assert read(path) == (at, tuple(HEADINGS), [at + number for number in range(1, len(ROWS) + 1)])


@pytest.mark.parametrize("kind", WRITERS)
def test_headings_stand_where_it_is_said(kind: str, tmp_path: Path) -> None:
    path = WRITERS[kind](
        tmp_path / "a", [["食堂", "街道", "区"], ["名", "名", "名"], HEADINGS[:3], ["a", "b", "c"]]
    )
    assert read(path)[:2] == (1, ("食堂", "街道", "区"))
    assert read(path, 3) == (3, tuple(HEADINGS[:3]), [4])


@pytest.mark.parametrize("kind", WRITERS)
def test_a_line_on_which_nothing_begins_is_refused(kind: str, tmp_path: Path) -> None:
    path = WRITERS[kind](tmp_path / "a", [TITLE, [], HEADINGS, *ROWS])
    for header_row in (2, 500):
        with pytest.raises(HeadingsUnknown, match=f"--header-row {header_row}: nothing begins"):
            read(path, header_row)


def test_json_lines_have_no_line_of_headings(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(HeadingsUnknown, match="JSON lines"):
        read(tmp_path / "a", 1)


NO_TITLES: dict[str, Lines] = {
    "two columns, a third in some lines": [["时间", "站点"], ["a", "b", "c"], ["a", "b"], ["a", "b"]],
    "two columns, a third in all lines": [["时间", "站点"], ["a", "b", "c"], ["d", "e", "f"]],
    "lines with little in them": [HEADINGS, ["1", "ST1"], ["2", "ST2"], ["3"]],
    "one column": [["站点"], ["a"], ["b"]],
    "one line": [HEADINGS],
    "a note at the end": [HEADINGS, *ROWS, ["制表人：王"]],
}


@pytest.mark.parametrize("case", NO_TITLES)
def test_a_first_line_that_may_be_headings_is_taken_for_them(case: str, tmp_path: Path) -> None:
    lines = NO_TITLES[case]
    assert read(csv_file(tmp_path / "a", lines))[:2] == (1, tuple(lines[0]))


REFUSED: dict[str, tuple[Lines, str]] = {
    "a title and no headings": ([TITLE, *ROWS], r"column|cannot be read"),
    "a heading lacks": ([["时间", None, "数量"], ["a", "b", "1"]], "column 2 has no heading.*--header-row"),
    "two alike below a title": ([TITLE, ["站点", "站点", "数量"], ["a", "b", "1"]], "站点 more than once"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_nothing_is_guessed_where_headings_are_not_whole(case: str, tmp_path: Path) -> None:
    lines, words = REFUSED[case]
    path = csv_file(tmp_path / "a", lines)
    if case == "a title and no headings":
        with open_table(path) as table:
            assert table.headings == (TITLE[0],)
            assert {row.fault for row in table.rows} == {"too_many_cells"}
        return
    with pytest.raises(HeadingsUnknown, match=words):
        read(path)


def test_a_cell_with_line_breaks_above_counts_as_the_lines_that_it_has(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a", [["填表说明\n一、按月填报\n二、金额为元"], HEADINGS, *ROWS])
    assert read(path)[0] == 4
    assert read(path, 4)[2][0] == 5


def test_dates_of_a_workbook_are_no_headings(tmp_path: Path) -> None:
    rows = [["ST1", datetime(2026, 1, 2, 8, n), n] for n in range(5)]  # noqa: DTZ001 (as workbooks have them)
    with open_table(workbook(tmp_path / "a", [TITLE, *rows])) as table:
        assert table.headings == (TITLE[0],)
