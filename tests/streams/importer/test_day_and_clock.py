"""A day in one column and its time of day in another, as files have them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from streams.errors import MappingWrong
from streams.importer.day_and_clock import joined
from streams.importer.mapping import Column, ColumnMapping, with_options
from streams.importer.run import Summary
from tests.streams.importer.conftest import HEADINGS, row

Run = Callable[..., Summary]
APART = [*HEADINGS[:-1], "用餐日期", "时间"]

JOINED: list[tuple[Any, Any, Any]] = [
    ("2022-05-04", "11:32", "2022-05-04 11:32"),
    ("2022/5/4 0:00:00", "11:32:08", "2022/5/4 11:32:08"),
    ("2022-05-04T00:00:00", "上午11:32", "2022-05-04 上午11:32"),
    ("2022-05-04", "1899-12-30 11:32:08", "2022-05-04 11:32:08"),
    (date(2022, 5, 4), time(11, 32), datetime(2022, 5, 4, 11, 32)),  # noqa: DTZ001 (as workbooks have them)
    (datetime(2022, 5, 4), datetime(1899, 12, 30, 11, 32), datetime(2022, 5, 4, 11, 32)),  # noqa: DTZ001 (same)
    (datetime(2022, 5, 4), "11:32", "2022-05-04 11:32"),  # noqa: DTZ001 (same)
    ("2022-05-04", None, None),
]


@pytest.mark.parametrize(("day", "clock", "moment"), JOINED)
def test_a_day_and_a_time_of_day_are_one_moment(day: Any, clock: Any, moment: Any) -> None:
    assert joined(day, clock) == moment


def apart(path: Path, *clocks: str) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = [[*row()[:-1], "2022-05-04", clock] for clock in clocks]
        csv.writer(file).writerows([APART, *rows])
    return path


def test_two_columns_are_the_time_of_an_event(tmp_path: Path, dry_run: Run) -> None:
    path = apart(tmp_path / "a.csv", "11:32:08", "18:05", "")
    by_option = dry_run(path, with_options(ColumnMapping(), ["用餐日期+时间=time"]))
    assert (by_option.accepted, by_option.refused, by_option.ignored) == (2, 1, [])
    by_file = dry_run(path, ColumnMapping(columns={"用餐日期": Column(to="time", clock="时间")}))
    assert (by_file.accepted, by_file.columns[-1].clock) == (2, "时间")


def test_cells_of_a_workbook_are_joined_whatever_their_type(tmp_path: Path, dry_run: Run) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(APART)
    for clock in (time(11, 32, 8), "18:05", None):
        book.active.append([*row()[:-1], date(2022, 5, 4), clock])
    book.save(tmp_path / "a.xlsx")
    summary = dry_run(tmp_path / "a.xlsx", with_options(ColumnMapping(), ["用餐日期+时间=time"]))
    assert (summary.accepted, summary.refused) == (2, 1)


WRONG = {
    "a heading that is not there": ({"用餐日期": Column(to="time", clock="时刻")}, "no heading 时刻"),
    "a field that is no moment": ({"备注": Column(to="note", clock="时间")}, "note is none"),
    "a clock that leads elsewhere": (
        {"用餐日期": Column(to="time", clock="时间"), "时间": Column(to="note")},
        "leads nowhere else",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_clock_that_cannot_be_is_refused(case: str, tmp_path: Path, dry_run: Run) -> None:
    columns, words = WRONG[case]
    with pytest.raises(MappingWrong, match=words):
        dry_run(apart(tmp_path / "a.csv", "11:32"), ColumnMapping(columns=columns))
