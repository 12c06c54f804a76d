"""The report for the finance department: an XLSX whose cells no program takes for formulas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from infra.finance.check import Check
from infra.finance.compare import Difference, Group
from infra.finance.wording import INCOMPLETE, beside_revision, not_listed
from streams.contract.model import Contract
from streams.contract.types import values_of
from streams.reference import divisions
from streams.zone import ZONE

SUFFIX = ".reconciled.xlsx"
MONEY = "#,##0.00"
COMPARED = (
    "财政金额（元）", "平台金额（元）", "相差（元）", "财政笔数", "平台笔数", "相差笔数", "文件行号",
)  # fmt: skip


def write_report(made: Check, contract: Contract, path: Path) -> None:
    """Five sheets: 说明 (what was compared), 差异, 差异明细 (the events behind), 重复发放, 未读取的行."""
    book = openpyxl.Workbook(write_only=True)
    _sheet(book, "说明", ["项目", "内容"], _about(made, contract))
    titles = [contract.columns[name].title for name in made.fields]
    labels = [_labels(contract, name) for name in made.fields]
    _sheet(
        book,
        "差异",
        [*titles, *COMPARED],
        (_difference(each, labels) for each in made.differences),
    )
    _sheet(
        book,
        "差异明细",
        [*titles, "事件编号", "发送方", "时间", "金额（元）", "分区", "位置"],
        _behind(made, labels),
    )
    _sheet(
        book,
        "重复发放",
        ["事件编号", "地点", "违反的规则", "状态", "分区", "位置"],
        _twice(made, {name: rule.title for name, rule in contract.unique.items()}),
    )
    faults: list[list[Any]] = [[fault.row, fault.reason] for fault in made.lines.faults]
    faults += [[None, text] for text in made.lines.total_faults]
    _sheet(book, "未读取的行", ["行号", "原因"], faults)
    book.save(path)


def _about(made: Check, contract: Contract) -> Iterator[list[Any]]:
    """What was compared with what, and what of it is to be known before anything is concluded."""
    yield ["来源", f"{contract.title}（{made.source}）"]
    yield ["事件日", made.day.isoformat()]
    yield ["日终版本", "尚未发布日终" if made.revision is None else f"第 {made.revision} 版"]
    if made.revision is not None and made.published is not None:
        changed = beside_revision(made.revision, made.published, made.accepted)
        yield ["与日终版本", "一致" if made.current else changed]
    yield ["当天数据", "完整" if made.complete else INCOMPLETE]
    yield ["对账时间", f"{made.made_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}（北京时间）"]
    yield ["财政文件", made.file]
    yield ["财政文件 SHA-256", made.file_digest]
    yield ["财政合计金额（元）", _yuan(made.finance.amount_fen)]
    yield ["平台合计金额（元）", _yuan(made.platform.amount_fen)]
    yield ["财政合计笔数", made.finance.count]
    yield ["平台合计笔数", made.platform.count]
    yield ["不同之处", len(made.differences)]
    yield ["因重复发放被隔离", made.twice_total]
    yield ["未读取的行", len(made.lines.faults)]


def _behind(made: Check, labels: Sequence[dict[str, str]]) -> Iterator[list[Any]]:
    """The events behind each difference; where not all are listed, a row after them says how many more."""
    totals = {each.key: each.events_total for each in made.differences}
    for key, of_key in groupby(made.events, key=lambda each: each.key):
        names = [label.get(value, value) for label, value in zip(labels, key, strict=True)]
        events = list(of_key)
        for each in events:
            yield [
                *names, each.event_id, each.sender, each.event_time, _yuan(each.amount_fen), each.partition,
                each.offset,
            ]  # fmt: skip
        if (more := totals[key] - len(events)) > 0:
            yield [*names, not_listed(more, totals[key])]


def _twice(made: Check, rules: Mapping[str, str]) -> Iterator[list[Any]]:
    """The events that were held back; where not all are listed, a row after them says how many more."""
    for each in made.twice:
        broken = "；".join(rules.get(name, name) for name in each.rules)
        yield [each.event_id, each.place, broken, each.state, each.partition, each.offset]
    if (more := made.twice_total - len(made.twice)) > 0:
        yield [not_listed(more, made.twice_total)]


def _difference(each: Difference, labels: Sequence[dict[str, str]]) -> list[Any]:
    finance, platform = each.finance or Group(None, None), each.platform or Group(None, None)
    return [
        *(label.get(value, value) for label, value in zip(labels, each.key, strict=True)),
        _yuan(finance.amount_fen), _yuan(platform.amount_fen), _yuan(each.amount_fen),
        finance.count, platform.count, each.count, "、".join(map(str, finance.rows)),
    ]  # fmt: skip


def _labels(contract: Contract, field: str) -> dict[str, str]:
    """Value -> what people read."""
    if contract.columns[field].type == "division":
        return {each.code: each.name for each in divisions()}
    return dict(values_of(contract.columns[field]))


def _yuan(fen: int | None) -> float | None:
    return None if fen is None else fen / 100


def _sheet(
    book: openpyxl.Workbook, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    sheet: WriteOnlyWorksheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    heads = [_cell(sheet, heading) for heading in headings]
    for head in heads:
        head.font = Font(bold=True)
    sheet.append(heads)
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: WriteOnlyWorksheet, value: Any) -> Cell:
    if not isinstance(value, str):
        cell: Cell = WriteOnlyCell(sheet, value)
        if isinstance(value, float):
            cell.number_format = MONEY
        return cell
    cell = WriteOnlyCell(sheet, openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", value))
    # openpyxl takes what begins with = for a formula. A copy into CSV would be one too, hence the quote.
    cell.data_type = "s"
    cell.quotePrefix = value.startswith(("=", "+", "-", "@"))
    return cell
