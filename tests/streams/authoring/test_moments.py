"""The event's time out of a column of days and one of times of day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from streams.authoring.draft import Draft, Wishes, draft
from streams.authoring.sample import read_sample
from streams.importer.mapping import read_mapping
from tests.streams.authoring.tables import TODAY, drafted
from tests.streams.authoring.test_samples import imported, proposed

DAY = date(2026, 2, 3)
FORMS: dict[str, tuple[str, Callable[[int], Sequence[str]]]] = {
    "usual": ("交易日期,交易时间", lambda n: ("2026-02-03", f"08:{n:02d}:10")),
    "of a database": ("交易日期,交易时间", lambda n: ("2026/2/3 0:00:00", f"1899-12-30 8:{n:02d}:10")),
    "Chinese": ("日期,时刻", lambda n: ("2026年2月3日", f"上午8时{n:02d}分10秒")),
    "American": ("Date,Time", lambda n: ("02/03/2026", f"08:{n:02d}:10 AM")),
    "half": ("日期,时间", lambda n: ("2026-02-03", f"8:{n:02d}:10 AM")),
}


def today_s(folder: Path, headings: str, rows: Sequence[Sequence[object]]) -> Draft:
    """A draft that accepts what is as old as the rows are today."""
    drafted(folder, headings, rows)
    return proposed(folder / "sample.csv")


def read_back(made: Draft, path: Path, folder: Path) -> tuple[dict[str, int], set[int]]:
    outcome = imported(path, made, folder)
    minutes = {row["minute"] % 60 for row in outcome.minutes["a_source__events"].to_pylist()}
    return dict(outcome.counts), minutes


@pytest.mark.parametrize("form", FORMS)
def test_a_day_and_a_time_of_day_are_proposed_together(form: str, tmp_path: Path) -> None:
    headings, cells = FORMS[form]
    made = today_s(tmp_path, f"{headings},站点,数量", [(*cells(n), f"ZD{n % 3}", n) for n in range(60)])
    day, clock = headings.split(",")
    assert made.chosen.time is not None
    assert (made.chosen.time.heading, made.chosen.clock) == (day, clock)
    assert {g.heading for g in made.chosen.fields} == {"站点", "数量"}
    assert f"time of the event: the day of {day} and the time of day of {clock}: 60 of 60 rows" in made.text
    assert made.contract.expect.by_hour == {8: 100.0}
    (tmp_path / "mapping.yaml").write_text(made.mapping or "", encoding="utf-8")
    assert read_mapping(tmp_path / "mapping.yaml").columns[day].clock == clock
    counts, minutes = read_back(made, tmp_path / "sample.csv", tmp_path)
    assert (counts, minutes) == ({"accepted": 60}, set(range(60)))


def test_a_workbook_with_dates_and_times_of_its_own_is_read_together(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["日期", "时间", "站点"])
    for n in range(60):
        book.active.append([datetime(2026, 2, 3), time(8, n, 10), f"ZD{n % 3}"])  # noqa: DTZ001 (a workbook's)
    book.save(tmp_path / "a.xlsx")
    made = proposed(tmp_path / "a.xlsx")
    assert made.chosen.clock == "时间"
    assert read_back(made, tmp_path / "a.xlsx", tmp_path) == ({"accepted": 60}, set(range(60)))


def test_the_time_of_day_is_that_beside_the_day(tmp_path: Path) -> None:
    rows = [("2026-02-03", "2026-02-03", f"18:{n:02d}", f"08:{n:02d}", f"ZD{n % 3}") for n in range(60)]
    made = drafted(tmp_path, "开始日期,结束日期,结束时间,开始时间,站点", rows)
    assert made.chosen.time is not None
    assert (made.chosen.time.heading, made.chosen.clock) == ("开始日期", "开始时间")


def test_rows_that_cannot_be_read_together_are_named(tmp_path: Path) -> None:
    rows = [("2026-02-03", "25:71" if n == 7 else f"08:{n:02d}", f"ZD{n % 3}") for n in range(60)]
    made = today_s(tmp_path, "日期,时间,站点", rows)
    assert "1 cannot be read together and would be refused: line 9" in made.text
    assert read_back(made, tmp_path / "sample.csv", tmp_path)[0] == {"accepted": 59, "refused": 1}


NO_CLOCKS = {
    "a duration": ("日期,骑行时长", lambda n: ("2026-02-03", f"00:{n:02d}")),
    "a time that the day has already": ("时间,打卡时间", lambda n: (f"2026-02-03 09:{n:02d}", "08:00")),
    "a code": ("日期,时间段", lambda n: ("2026-02-03", "ab"[n % 2])),
}


@pytest.mark.parametrize("case", NO_CLOCKS)
def test_what_is_no_time_of_day_stays_a_field(case: str, tmp_path: Path) -> None:
    headings, cells = NO_CLOCKS[case]
    made = drafted(tmp_path, f"{headings},站点", [(*cells(n), f"ZD{n % 3}") for n in range(60)])
    assert made.chosen.clock is None
    assert headings.split(",")[1] in {g.heading for g in made.chosen.fields}


def test_two_columns_can_be_said_and_one_alone(tmp_path: Path) -> None:
    rows = [("2026-02-03", f"08:{n:02d}", f"ZD{n % 3}") for n in range(60)]
    drafted(tmp_path, "入场日,入场点,站点", rows)
    read = read_sample(tmp_path / "sample.csv")
    both = Wishes("a_source", "某来源", "一条事件", "某部门", time="入场日+入场点")
    assert draft(read, both, TODAY).chosen.clock == "入场点"
    one = Wishes("a_source", "某来源", "一条事件", "某部门", time="入场日")
    assert draft(read, one, TODAY).chosen.clock is None
