"""Tables out of Excel workbooks.

Read whole by calamine, a tenth of the time; a sheet that would not fit is read row by row by openpyxl.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import openpyxl
from python_calamine import CalamineError, CalamineWorkbook

from streams.errors import FileUnreadable
from streams.importer.heading_line import headed
from streams.importer.tables import Line, Table, table_of

MAX_SHARED_STRINGS_BYTES = 256 * 1024 * 1024
MAX_SHEET_BYTES = 4 * 1024 * 1024 * 1024
MAX_HELD_BYTES = 512 * 1024 * 1024
"""Of a sheet's XML: about eight million cells, which take as much again in memory."""

Lines = Iterator[tuple[int, Sequence[Any]]]


@contextmanager
def open_workbook(path: Path, sheet: str | None, header_row: int | None = None) -> Iterator[Table]:
    """Open a sheet, the first unless one is named. Raises FileUnreadable, HeadingsUnknown."""
    try:
        with zipfile.ZipFile(path) as archive:
            largest = _largest_sheet(path, archive)
    except (zipfile.BadZipFile, OSError) as error:
        raise _no_workbook(path, error) from error
    opened = _streamed(path, sheet) if largest > MAX_HELD_BYTES else _held(path, sheet)
    with opened as (lines, total, others):
        progress = [0]
        found = headed(path, _lines(lines, progress), header_row)
        yield table_of("xlsx", None, found, lambda: min(progress[0] / total, 1.0), others)


def _largest_sheet(path: Path, archive: zipfile.ZipFile) -> int:
    """Bytes of the largest sheet's XML. Raises FileUnreadable for an archive that is a bomb."""
    largest = 0
    for entry in archive.infolist():
        limit = MAX_SHARED_STRINGS_BYTES if entry.filename.endswith("sharedStrings.xml") else MAX_SHEET_BYTES
        if entry.file_size > limit:
            raise FileUnreadable(f"{path}: {entry.filename} has {entry.file_size:,} bytes. Save it as CSV.")
        if entry.filename.startswith("xl/worksheets/"):
            largest = max(largest, entry.file_size)
    return largest


@contextmanager
def _held(path: Path, sheet: str | None) -> Iterator[tuple[Lines, int, tuple[str, ...]]]:
    """Lines from the first on, how many there are, and the names of the other sheets."""
    try:
        book = CalamineWorkbook.from_path(path)
        names = [each.name for each in book.sheets_metadata]
        name = _chosen(path, sheet, names)
        tab = book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise _no_workbook(path, error) from error
    with closing(book):
        yield enumerate(tab.iter_rows(), 1), max(tab.total_height, 1), _others(name, names)


@contextmanager
def _streamed(path: Path, sheet: str | None) -> Iterator[tuple[Lines, int, tuple[str, ...]]]:
    """The same, a row at a time."""
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise _no_workbook(path, error) from error
    with closing(book):
        name = _chosen(path, sheet, book.sheetnames)
        tab = book[name]
        others = _others(name, book.sheetnames)
        yield enumerate(tab.iter_rows(values_only=True), 1), max(tab.max_row or 1, 1), others


def _chosen(path: Path, sheet: str | None, names: Sequence[str]) -> str:
    if sheet is not None and sheet not in names:
        raise FileUnreadable(f"{path} has no sheet {sheet}; it has {', '.join(names)}.")
    if not names:
        raise FileUnreadable(f"{path} has no sheet.")
    return sheet or names[0]


def _others(name: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in names if each != name)


def _no_workbook(path: Path, error: Exception) -> FileUnreadable:
    return FileUnreadable(f"{path} is not an Excel workbook ({error}). Save it as .xlsx again.")


def _lines(lines: Lines, progress: list[int]) -> Iterator[Line]:
    for line, cells in lines:
        progress[0] = line
        yield Line(line, cells)
