"""Tables out of files, row by row: CSV in UTF-8 or GB18030, XLSX, JSON lines. Never a file in memory."""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import openpyxl

from streams.errors import FileUnreadable, HeadingsUnknown
from streams.strict_json import JsonRefused, loads

Cell = Any
Format = Literal["csv", "xlsx", "jsonl"]
CHUNK_BYTES = 1024 * 1024
MAX_CELL = 64 * 1024
MAX_COLUMNS = 500
MAX_LINE_BYTES = 1024 * 1024
MAX_SHARED_STRINGS_BYTES = 256 * 1024 * 1024
MAX_SHEET_BYTES = 4 * 1024 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One line of a table: heading -> cell, without empty cells; or `fault`: why it is unreadable."""

    line: int
    cells: Mapping[str, Cell]
    fault: str | None = None


@dataclass(frozen=True)
class Table:
    """A file opened for reading once. `headings` is None where each row has its own (JSON lines).

    `done` gives the share that has been read, 0 to 1.
    """

    format: Format
    encoding: str | None
    headings: tuple[str, ...] | None
    rows: Iterator[Row]
    done: Callable[[], float]


@contextmanager
def open_table(path: Path, *, sheet: str | None = None) -> Iterator[Table]:
    """Open a file by what it contains, not by its name. Raises FileUnreadable, HeadingsUnknown."""
    try:
        with path.open("rb") as file:
            start = file.read(CHUNK_BYTES)
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}. Check its name and rights."
        ) from error
    opened: AbstractContextManager[Table]
    if start.startswith(b"PK\x03\x04"):
        opened = _xlsx(path, sheet)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileUnreadable(f"{path} is an old .xls or a workbook with a password. Save it as plain .xlsx.")
    elif not start.strip():
        raise FileUnreadable(f"{path} is empty.")
    else:
        opened = _text(path, start)
    with opened as table:
        yield table


def _text(path: Path, start: bytes) -> AbstractContextManager[Table]:
    encoding = detect_encoding(path)
    opening = start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if opening == b"{":
        return _json_lines(path)
    if opening == b"[":
        raise FileUnreadable(f"{path} is one JSON array. Write one object a line: `jq -c '.[]' {path.name}`.")
    return _csv(path, encoding)


def detect_encoding(path: Path) -> str:
    """`utf-8-sig`, `utf-16` or `gb18030`: the first that decodes the whole file. Raises FileUnreadable."""
    with path.open("rb") as file:
        start = file.read(2)
    candidates = (
        ["utf-16"] if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ["utf-8-sig", "gb18030"]
    )
    faults = []
    for encoding in candidates:
        fault = _decode_fault(path, encoding)
        if fault is None:
            return encoding
        faults.append(f"{encoding}: {fault}")
    raise FileUnreadable(f"{path} is neither UTF-8 nor GB18030 ({'; '.join(faults)}). Save it as UTF-8.")


def _decode_fault(path: Path, encoding: str) -> str | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                if "\x00" in decoder.decode(chunk):
                    return "has NUL characters"
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            return error.reason
    return None


@contextmanager
def _csv(path: Path, encoding: str) -> Iterator[Table]:
    size = path.stat().st_size
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        delimiter = _delimiter(text.readline(MAX_LINE_BYTES))
        text.seek(0)
        csv.field_size_limit(MAX_CELL)
        reader = csv.reader(text, delimiter=delimiter)
        headings = _headings(path, next(reader, []))
        yield Table("csv", encoding, headings, _csv_rows(reader, headings), lambda: raw.tell() / size)


def _delimiter(first_line: str) -> str:
    return max(",;\t", key=first_line.count)


def _csv_rows(reader: Any, headings: tuple[str, ...]) -> Iterator[Row]:
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Row(line, {}, "unreadable_cell")
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(headings) :]):
            yield Row(line, {}, "too_many_cells")
            continue
        yield Row(line, {name: cell for name, cell in zip(headings, cells, strict=False) if cell.strip()})


@contextmanager
def _json_lines(path: Path) -> Iterator[Table]:
    size = path.stat().st_size
    with path.open("rb") as raw:
        yield Table("jsonl", "utf-8", None, _json_rows(raw), lambda: raw.tell() / size)


def _json_rows(raw: BinaryIO) -> Iterator[Row]:
    for line, content in enumerate(_lines(raw), 1):
        if content is None:
            yield Row(line, {}, "too_large")
            continue
        if not content.strip():
            continue
        try:
            value = loads(content)
        except JsonRefused as error:
            yield Row(line, {}, error.code)
            continue
        if isinstance(value, dict):
            yield Row(line, {name: cell for name, cell in value.items() if cell is not None})
        else:
            yield Row(line, {}, "not_an_object")


def _lines(raw: BinaryIO) -> Iterator[bytes | None]:
    """Lines; None for one that is too long to be held."""
    while content := raw.readline(MAX_LINE_BYTES):
        whole = len(content) < MAX_LINE_BYTES or content.endswith(b"\n")
        while content and not content.endswith(b"\n") and not whole:
            content = raw.readline(MAX_LINE_BYTES)
        yield content if whole else None


@contextmanager
def _xlsx(path: Path, sheet: str | None) -> Iterator[Table]:
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bomb(path, archive)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise FileUnreadable(f"{path} is not an Excel workbook ({error}). Save it as .xlsx again.") from error
    with closing(book):
        if sheet is not None and sheet not in book.sheetnames:
            raise FileUnreadable(f"{path} has no sheet {sheet}; it has {', '.join(book.sheetnames)}.")
        tab = book[sheet] if sheet else book.worksheets[0]
        total = max(tab.max_row or 1, 1)
        lines = enumerate(tab.iter_rows(values_only=True), 1)
        first = next((cells for _, cells in lines if any(cell is not None for cell in cells)), ())
        headings = _headings(path, ["" if cell is None else str(cell) for cell in first])
        progress = [0]
        rows = _xlsx_rows(lines, headings, progress)
        yield Table("xlsx", None, headings, rows, lambda: min(progress[0] / total, 1.0))


def _refuse_bomb(path: Path, archive: zipfile.ZipFile) -> None:
    for entry in archive.infolist():
        limit = MAX_SHARED_STRINGS_BYTES if entry.filename.endswith("sharedStrings.xml") else MAX_SHEET_BYTES
        if entry.file_size > limit:
            raise FileUnreadable(f"{path}: {entry.filename} has {entry.file_size:,} bytes. Save it as CSV.")


def _xlsx_rows(lines: Any, headings: tuple[str, ...], progress: list[int]) -> Iterator[Row]:
    for line, cells in lines:
        progress[0] = line
        there = {name: cell for name, cell in zip(headings, cells, strict=False) if _filled(cell)}
        if any(_filled(cell) for cell in cells[len(headings) :]):
            yield Row(line, {}, "too_many_cells")
        elif there:
            yield Row(line, there)


def _filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def _headings(path: Path, cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MAX_COLUMNS:
        raise HeadingsUnknown(
            f"{path} has {len(names)} headings in its first line; 1 to {MAX_COLUMNS} are read."
        )
    empty = [str(place) for place, name in enumerate(names, 1) if not name]
    if empty:
        raise HeadingsUnknown(f"{path}: column {', '.join(empty)} has no heading. Give it one, or remove it.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HeadingsUnknown(
            f"{path} has the heading {', '.join(repeated)} more than once. Rename one of them."
        )
    return tuple(names)
