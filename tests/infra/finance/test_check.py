"""What a comparison says of itself: whether it is a result, of which revision, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from infra.cli.reconcile import print_result
from infra.finance.check import MOST_EVENTS, MOST_STORED_EVENTS, Check
from infra.finance.compare import Event, Group, compare
from infra.finance.headings import Headings
from infra.finance.lines import Lines
from infra.finance.platform import Twice
from infra.finance.report import write_report
from streams.contract.loader import load_contracts
from streams.settings import Settings

CONTRACT = load_contracts(Settings().contracts_dir)["subsidy_payout"]
MANY, FEW = ("330302",), ("330381",)
AGREES = Check(
    source="subsidy_payout",
    day=date(2022, 6, 14),
    made_at=datetime(2022, 6, 15, 1, 2, 3, tzinfo=UTC),
    revision=2,
    published=5_003,
    accepted=5_003,
    file="财政.xlsx",
    file_digest="ab" * 32,
    fields=("division",),
    headings=Headings(1, (), None, Decimal(1), None, ()),
    lines=Lines((), None, (), 0),
    finance=Group(500_300, None),
    platform=Group(500_300, 5_003),
    differences=(),
    events=(),
    twice=(),
    twice_total=0,
    complete=True,
)


def differs() -> Check:
    """5,000 events of one key and three of another; the file has no counts."""
    found = compare({MANY: Group(1, None)}, {MANY: Group(500_000, 5_000), FEW: Group(300, 3)})
    events = [
        Event(key, f"e-{number}", "s", "2022-06-14 08:00:00", 0, number, 100)
        for key, listed in ((MANY, MOST_EVENTS), (FEW, 3))
        for number in range(listed)
    ]
    return replace(AGREES, differences=tuple(found), events=tuple(events))


def about(made: Check, folder: Path) -> dict[object, object]:
    write_report(made, CONTRACT, folder / "report.xlsx")
    rows = openpyxl.load_workbook(folder / "report.xlsx")["说明"].iter_rows(values_only=True)
    return {row[0]: row[1] for row in rows}


def test_a_day_that_is_not_complete_agrees_with_nothing(tmp_path: Path) -> None:
    assert AGREES.agrees
    part = replace(AGREES, complete=False)
    assert (part.agrees, part.as_json()["agrees"]) == (False, False)
    assert about(AGREES, tmp_path)["当天数据"] == "完整"
    assert "不能作为对账结论" in str(about(part, tmp_path)["当天数据"])


@pytest.mark.parametrize(
    ("published", "current", "said"),
    [(5_003, True, "一致"), (5_000, False, "现在的 5,003 条入账事件，已发布的日终第 2 版为 5,000 条")],
)
def test_what_is_compared_is_told_from_what_the_revision_counts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, published: int, current: bool, said: str
) -> None:
    made = replace(AGREES, published=published)
    assert made.as_json()["current"] is current
    assert said in str(about(made, tmp_path)["与日终版本"])
    print_result(made.as_json(), CONTRACT)
    assert ("发布之后有变化" in "".join(capsys.readouterr().out.split("\n"))) is not current
    unpublished = replace(AGREES, revision=None, published=None)
    assert unpublished.as_json()["current"] is None
    assert "与日终版本" not in about(unpublished, tmp_path)


def test_the_report_says_what_was_compared_with_which_file(tmp_path: Path) -> None:
    told = about(differs(), tmp_path)
    assert told["来源"] == f"{CONTRACT.title}（subsidy_payout）"
    assert (told["事件日"], told["日终版本"]) == ("2022-06-14", "第 2 版")
    assert told["对账时间"] == "2022-06-15 09:02:03（北京时间）"
    assert (told["财政文件"], told["财政文件 SHA-256"]) == ("财政.xlsx", "ab" * 32)
    assert (told["财政合计金额（元）"], told["平台合计笔数"], told["不同之处"]) == (5_003, 5_003, 2)


def test_events_that_are_not_listed_are_counted_in_the_report_when_kept_and_on_the_screen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = differs()
    about(made, tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "report.xlsx")["差异明细"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows[MOST_EVENTS - 1 :]] == [
        f"e-{MOST_EVENTS - 1}", "另有 4,000 条未列出（共 5,000 条）", "e-0", "e-1", "e-2",
    ]  # fmt: skip
    kept = made.as_json(MOST_STORED_EVENTS)
    assert [(len(each["events"]), each["events_total"]) for each in kept["differences"]] == [
        (20, 5_000), (3, 3),
    ]  # fmt: skip
    print_result(kept, CONTRACT)
    first, second = (line.split() for line in capsys.readouterr().out.splitlines()[-2:])
    assert (first[-1], second[-1]) == ("20/5,000", "3")


def test_payouts_that_were_held_back_and_are_not_listed_are_counted_too(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rule = next(iter(CONTRACT.unique))
    first = [Twice(n, f"e-{n}", "", 0, n, "待核实", (rule,)) for n in range(3)]
    made = replace(AGREES, twice=tuple(first), twice_total=12_000)
    assert about(made, tmp_path)["因重复发放被隔离"] == 12_000
    rows = list(openpyxl.load_workbook(tmp_path / "report.xlsx")["重复发放"].iter_rows(values_only=True))
    assert (rows[1][0], rows[1][2]) == ("e-0", CONTRACT.unique[rule].title)
    assert rows[-1][0] == "另有 11,997 条未列出（共 12,000 条）"
    assert made.as_json()["paid_twice_total"] == 12_000
    print_result(made.as_json(), CONTRACT)
    assert "3/12,000 条因重复发放被隔离" in capsys.readouterr().out
