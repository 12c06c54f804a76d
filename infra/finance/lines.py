"""Rows of a finance file as lines: a key, an amount in fen, a count. What is no line is said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from openpyxl.utils import get_column_letter

from infra.finance.cells import Grid
from infra.finance.headings import Headings
from streams.importer.values import folded, text_of

Key = tuple[str, ...]

TOTAL_WORDS = re.compile(r"(?:合计|总计|共计|累计|总额)[:：]?$")
PART_WORDS = re.compile(r"小计[:：]?$")
NOTHING = {"", "-", "--", "—", "——", "/", "无"}
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_EXACT = Decimal("1e-6")
"""A spreadsheet's binary fraction may be so far off a whole fen."""
_LARGEST = Decimal(10) ** 15


@dataclass(frozen=True)
class Line:
    """One line of the file: row, key values as text, amount and count where the file has them."""

    row: int
    key: Key
    amount_fen: int | None
    count: int | None


@dataclass(frozen=True)
class Fault:
    """A row that could not be read, and why, in Chinese."""

    row: int
    reason: str


@dataclass(frozen=True)
class Lines:
    """A file's lines; its own last total, if it has one; rows that could not be read; rows that are notes."""

    lines: tuple[Line, ...]
    total: Line | None
    faults: tuple[Fault, ...]
    notes: int

    @property
    def total_faults(self) -> Iterator[str]:
        """What the file's own total says otherwise than its lines, in Chinese."""
        if self.total is None:
            return
        sums = (
            ("金额", self.total.amount_fen, [line.amount_fen for line in self.lines]),
            ("笔数", self.total.count, [line.count for line in self.lines]),
        )
        for name, said, parts in sums:
            added = sum(part or 0 for part in parts)
            if said is not None and said != added:
                shown = (said / 100, added / 100) if name == "金额" else (said, added)
                yield f"第 {self.total.row} 行的合计{name}是 {shown[0]:,}，各行相加是 {shown[1]:,}"


class _Refused(Exception):
    """A cell that has no reading."""


def read_lines(grid: Grid, headings: Headings) -> Lines:
    """Every row below the headings is a line, a total, a note (nothing where numbers belong), or a fault."""
    lines, faults, notes = [], [], 0
    total: Line | None = None
    for row, cells in grid.rows:
        if row <= headings.row:
            continue
        try:
            line = _line(row, cells, headings, grid.without_value)
        except _Refused as refused:
            faults.append(Fault(row, str(refused)))
            continue
        said = [folded(cell) for cell in cells if isinstance(cell, str)]
        nothing = line.amount_fen is None and line.count is None
        if any(PART_WORDS.search(text) for text in said) or (nothing and not all(line.key)):
            notes += 1
        elif nothing:
            faults.append(Fault(row, "没有金额，也没有笔数"))
        elif any(TOTAL_WORDS.search(text) for text in said):
            total = line
        elif missing := [k for k, value in zip(headings.keys, line.key, strict=True) if not value]:
            faults.append(Fault(row, f"缺少{'、'.join(each.field for each in missing)}"))
        else:
            lines.append(line)
    return Lines(tuple(lines), total, tuple(faults), notes)


def _line(row: int, cells: Sequence[Any], headings: Headings, without_value: frozenset[str]) -> Line:
    places = [key.place for key in headings.keys]
    if headings.amount is not None:
        places.append(headings.amount[0])
    if headings.count is not None:
        places.append(headings.count)
    for place in places:
        if (name := f"{get_column_letter(place + 1)}{row}") in without_value:
            raise _Refused(f"单元格 {name} 是公式而没有保存结果：请用表格软件打开并保存后重试")
    amount = _cell(cells, headings.amount[0]) if headings.amount is not None else None
    count = _cell(cells, headings.count) if headings.count is not None else None
    key = tuple(_key(_cell(cells, each.place), each.convert) for each in headings.keys)
    return Line(row, key, _whole(amount, headings.fen_per_unit, "金额"), _whole(count, Decimal(1), "笔数"))


def _cell(cells: Sequence[Any], place: int) -> Any:
    return cells[place] if place < len(cells) else None


def _key(cell: Any, convert: Any) -> str:
    if cell is None:
        return ""
    value = convert(cell)
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _whole(cell: Any, per_unit: Decimal, what: str) -> int | None:
    """A number in its unit as a whole one: 1,234.50, (500.00) for -500, full-width digits, a sum's 0.1 + 0.2.

    Raises _Refused where it is none, or no whole fen.
    """
    if cell is None:
        return None
    if isinstance(cell, bool):
        raise _Refused(f"{what}不是数：{cell}")
    if isinstance(cell, (int, float)):
        text = repr(cell)
    else:
        text = unicodedata.normalize("NFKC", text_of(cell)).strip("¥￥元 \t")
        text = text.replace("\N{MINUS SIGN}", "-").replace(" ", "")
        if text in NOTHING:
            return 0
        if text.startswith("(") and text.endswith(")"):
            text = f"-{text[1:-1]}"
        if not _NUMBER.fullmatch(text):
            raise _Refused(f"{what}不是数：{text_of(cell)[:40]}")
    try:
        value = Decimal(text.replace(",", "")) * per_unit
    except InvalidOperation:
        raise _Refused(f"{what}不是数：{text[:40]}") from None
    if not value.is_finite() or abs(value) >= _LARGEST:
        raise _Refused(f"{what}太大：{text[:40]}")
    whole = value.to_integral_value()
    if abs(value - whole) > (_EXACT if isinstance(cell, float) else 0):
        raise _Refused(f"{what}不是整{'分' if what == '金额' else '数'}：{text[:40]}")
    return int(whole)
