"""A finance file as plain rows of cells: CSV (UTF-8, GB18030, UTF-16) or XLSX, merged cells filled."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from infra.finance.errors import FileRefused
from streams.errors import FileUnreadable
from streams.importer.readers import detect_encoding

MOST_BYTES = 20 * 1024 * 1024
MOST_UNPACKED_BYTES = 200 * 1024 * 1024
MOST_ROWS = 200_000
MOST_CELLS_A_ROW = 200
NAMED = 5


@dataclass(frozen=True)
class Grid:
    """Rows by their number in the file, from 1; without rows that are empty.

    without_value: cells (as A1) with a formula that no program has calculated. others: sheets not read.
    """

    rows: Sequence[tuple[int, tuple[Any, ...]]]
    without_value: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


def read_grid(path: Path, sheet: str | None = None) -> Grid:
    """The cells of a file, by what it contains. Raises FileRefused."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise FileRefused(f"{path} cannot be read: {error.strerror}. Check its name and rights.") from error
    if size > MOST_BYTES:
        raise FileRefused(f"{path} has {size:,} bytes; a day's list has at most {MOST_BYTES:,}.")
    if start == b"PK\x03\x04":
        return _xlsx(path, sheet)
    if start == b"\xd0\xcf\x11\xe0":
        raise FileRefused(f"{path} is an old .xls or a workbook with a password. Save it as plain .xlsx.")
    if sheet is not None:
        raise FileRefused(f"{path} is no workbook: --sheet does not apply.")
    return _csv(path)


def _csv(path: Path) -> Grid:
    try:
        text = path.read_text(encoding=detect_encoding(path))
    except FileUnreadable as error:
        raise FileRefused(str(error)) from error
    lines = text.splitlines()
    delimiter = max(",;\t", key=lambda each: sum(line.count(each) for line in lines[:20]))
    rows = []
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, tuple(cell.strip() or None for cell in cells)))
    except csv.Error as error:
        raise FileRefused(f"{path}, line {reader.line_num}: {error}. Save it as CSV again.") from error
    return Grid(_bounded(path, rows))


def _xlsx(path: Path, sheet: str | None) -> Grid:
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MOST_UNPACKED_BYTES:
            raise FileRefused(f"{path} unpacks to {unpacked:,} bytes. Save the sheet as CSV.")
        values = openpyxl.load_workbook(path, data_only=True, keep_links=False)
        formulas = openpyxl.load_workbook(path, data_only=False, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise FileRefused(f"{path} is not an Excel workbook ({error}). Save it as .xlsx again.") from error
    names = [each.title for each in values.worksheets]
    if sheet is not None and sheet not in names:
        raise FileRefused(f"{path} has no sheet {sheet}; it has {'、'.join(names)}.")
    if not names:
        raise FileRefused(f"{path} has no sheet with cells.")
    chosen = sheet or names[0]
    tab: Worksheet = values[chosen]
    if tab.max_row > MOST_ROWS or tab.max_column > MOST_CELLS_A_ROW:
        raise FileRefused(
            f"{path}: sheet {chosen} is {tab.max_row:,} rows by {tab.max_column} columns; at most"
            f" {MOST_ROWS:,} by {MOST_CELLS_A_ROW} are read. Copy the table into a sheet of its own."
        )
    without_value = frozenset(
        cell.coordinate
        for row in formulas[chosen].iter_rows()
        for cell in row
        if cell.data_type == "f" and tab[cell.coordinate].value is None
    )
    merged = _merged(tab)
    rows = []
    for number, cells in enumerate(tab.iter_rows(values_only=True), 1):
        filled = tuple(merged.get((number, place), cell) for place, cell in enumerate(cells, 1))
        if any(_there(cell) for cell in cells):
            rows.append((number, tuple(_plain(cell) for cell in filled)))
    return Grid(_bounded(path, rows), without_value, tuple(name for name in names if name != chosen))


def _merged(tab: Worksheet) -> dict[tuple[int, int], Any]:
    """Row and column -> value, of the cells of a merged range that runs down: what stands in its first one.

    A range that runs across alone is a heading over several columns, and not the heading of each.
    """
    found = {}
    for area in tab.merged_cells.ranges:
        if area.max_row > area.min_row and area.max_col == area.min_col:
            value = tab.cell(area.min_row, area.min_col).value
            found.update({(row, area.min_col): value for row in range(area.min_row, area.max_row + 1)})
    return found


def _plain(cell: Any) -> Any:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _there(cell: Any) -> bool:
    return _plain(cell) is not None


def _bounded(path: Path, rows: list[tuple[int, tuple[Any, ...]]]) -> list[tuple[int, tuple[Any, ...]]]:
    if len(rows) > MOST_ROWS:
        raise FileRefused(f"{path} has {len(rows):,} rows; at most {MOST_ROWS:,} are read.")
    if not rows:
        raise FileRefused(f"{path} is empty.")
    return rows
