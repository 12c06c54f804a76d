"""Tables out of files, row by row: CSV in UTF-8 or GB18030, XLSX, JSON lines. Never a file in memory."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from streams.errors import FileUnreadable, HeadingsUnknown
from streams.importer.heading_line import LOOKED_AT, headed
from streams.importer.tables import Line, Row, Table, is_filled, table_of
from streams.importer.workbooks import open_workbook
from streams.strict_json import JsonRefused, loads

CHUNK_BYTES = 1024 * 1024
MAX_CELL = 64 * 1024
MAX_LINE_BYTES = 1024 * 1024
DELIMITERS = ",;\t"
NUL, NEWLINE = "\x00", "\n"


@contextmanager
def open_table(path: Path, *, sheet: str | None = None, header_row: int | None = None) -> Iterator[Table]:
    """Open a file by what it contains, not by its name. Raises FileUnreadable, HeadingsUnknown.

    header_row: the line of the headings, from 1; None: it is found (streams.importer.heading_line).
    """
    try:
        with path.open("rb") as file:
            start = file.read(CHUNK_BYTES)
    except OSError as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error.strerror}. Check its name and rights."
        ) from error
    opened: AbstractContextManager[Table]
    if start.startswith(b"PK\x03\x04"):
        opened = open_workbook(path, sheet, header_row)
    elif start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileUnreadable(f"{path} is an old .xls or a workbook with a password. Save it as plain .xlsx.")
    elif not start.strip():
        raise FileUnreadable(f"{path} is empty.")
    else:
        opened = _text(path, start, header_row)
    with opened as table:
        yield table


def _text(path: Path, start: bytes, header_row: int | None) -> AbstractContextManager[Table]:
    encoding = detect_encoding(path)
    opening = start.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if opening == b"{":
        if header_row is not None:
            raise HeadingsUnknown(f"{path} holds JSON lines, which have no line of headings: --header-row.")
        return _json_lines(path)
    if opening == b"[":
        raise FileUnreadable(f"{path} is one JSON array. Write one object a line: `jq -c '.[]' {path.name}`.")
    return _csv(path, encoding, header_row)


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
    raise FileUnreadable(
        f"{path} is neither UTF-8 nor GB18030 ({'; '.join(faults)}). If it was put"
        " together from several files, save each as UTF-8 first."
    )


def _decode_fault(path: Path, encoding: str) -> str | None:
    """Why a file is not of that encoding, and in which line; None if it is."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK_BYTES):
                text = decoder.decode(chunk)
                if NUL in text:
                    return f"a NUL character in line {line + text.partition(NUL)[0].count(NEWLINE)}"
                line += text.count(NEWLINE)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, "replace")
            return f"{error.reason} in line {line + before.count(NEWLINE)}"
    return None


@contextmanager
def _csv(path: Path, encoding: str, header_row: int | None) -> Iterator[Table]:
    size = path.stat().st_size
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding, newline="") as text:
        delimiter = _delimiter(text, header_row)
        text.seek(0)
        csv.field_size_limit(MAX_CELL)
        found = headed(path, _csv_lines(csv.reader(text, delimiter=delimiter)), header_row)
        yield table_of("csv", encoding, found, lambda: raw.tell() / size)


def _delimiter(text: io.TextIOWrapper, header_row: int | None) -> str:
    """What the headings are parted by: of their line, or of the first that is parted at all."""
    lines = [text.readline(MAX_LINE_BYTES) for _ in range(max(header_row or 0, LOOKED_AT))]
    said = lines[header_row - 1 : header_row] if header_row else []
    parted = next((line for line in (*said, *lines) if any(map(line.count, DELIMITERS))), "")
    return max(DELIMITERS, key=parted.count)


def _csv_lines(reader: Any) -> Iterator[Line]:
    while True:
        line = reader.line_num + 1
        try:
            yield Line(line, next(reader))
        except StopIteration:
            return
        except csv.Error:
            yield Line(line, (), "unreadable_cell")


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
            yield Row(line, {name: cell for name, cell in value.items() if is_filled(cell)})
        else:
            yield Row(line, {}, "not_an_object")


def _lines(raw: BinaryIO) -> Iterator[bytes | None]:
    """Lines; None for one that is too long to be held."""
    while content := raw.readline(MAX_LINE_BYTES):
        whole = len(content) < MAX_LINE_BYTES or content.endswith(b"\n")
        while content and not content.endswith(b"\n") and not whole:
            content = raw.readline(MAX_LINE_BYTES)
        yield content if whole else None
