"""A file of rows, read whole into columns of text, as the importer would read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from streams.errors import HeadingsUnknown
from streams.importer.readers import open_table
from streams.importer.tables import MAX_COLUMNS, NOTHING, WITHIN, Line, Row, Table, mark_of_nothing
from streams.importer.values import text_of

MOST_ROWS = 1_000_000
"""More tell nothing new, and are held in memory."""

TIME_ATTRIBUTE = "CloudEvents time"
"""The heading under which the time of rows stands that are CloudEvents already."""

_CHUNK_ROWS = 20_000
_MARKS = pa.array(NOTHING, pa.string())
Progress = Callable[[float, int], None]


@dataclass(frozen=True)
class Sample:
    """`rows`: `line` (int64, of the file) and a string column `c<n>` for each heading; null where empty.

    `unreadable`: lines that the reader could not take apart, and why. `is_events`: the rows were CloudEvents;
    the headings are then the names in their `data`, and TIME_ATTRIBUTE. What stands in an object is under
    `<object>.<name>`. `kinds`: heading -> Python's names of its cells' types, where they come from JSON.
    """

    name: str
    encoding: str | None
    headings: tuple[str, ...]
    rows: pa.Table
    unreadable: tuple[tuple[int, str], ...] = ()
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_whole: bool = True
    is_events: bool = False
    marks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Heading -> marks of nothing ("-", "NULL") that stood in cells which are null here, and how many."""
    header_row: int = 1
    """The line of the headings; what stands above it is no row."""
    is_told_where: bool = False
    """Whether somebody said so: then the importer must be told too."""

    def column(self, heading: str) -> str:
        """The column of `rows` that holds the cells under a heading."""
        return f"c{self.headings.index(heading)}"


def read_sample(
    path: Path,
    *,
    sheet: str | None = None,
    header_row: int | None = None,
    most_rows: int = MOST_ROWS,
    progress: Progress = lambda *_: None,
) -> Sample:
    """Read a file's rows. Raises FileUnreadable, HeadingsUnknown (no heading, two alike, no rows).

    header_row: the line of the headings; None: it is found.
    """
    with open_table(path, sheet=sheet, header_row=header_row) as table:
        columns = _Columns(table.headings or ())
        while _add_chunk(columns, table, min(_CHUNK_ROWS, most_rows - columns.count)):
            progress(table.done(), columns.count)
        is_whole = columns.count < most_rows or next(table.rows, None) is None
        made = columns.sample(path.name, table, is_whole=is_whole)
        return replace(made, is_told_where=header_row is not None)


def sample_of(name: str, rows: Iterable[Row], *, is_events: bool = False) -> Sample:
    """Rows that stand in the cells of another sample; without headings where nothing is in them."""
    columns = _Columns((), is_events=is_events)
    every = iter(rows)
    while chunk := list(islice(every, _CHUNK_ROWS)):
        columns.add(chunk)
    return columns.made(name)


def _add_chunk(columns: _Columns, table: Table, most: int) -> bool:
    """Take some more rows; whether there were any."""
    if table.headings is None:
        rows = list(islice(table.rows, most))
        if rows:
            columns.add(rows)
        return bool(rows)
    lines = list(islice(table.lines, most))
    if lines:
        columns.add_lines(lines)
    return bool(lines)


@dataclass
class _Columns:
    """Cells column by column; kept as Arrow chunk by chunk, which is a fifth of what Python takes."""

    given: tuple[str, ...]
    headings: dict[str, int] = field(default_factory=dict)
    chunks: list[pa.Table] = field(default_factory=list)
    unreadable: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0
    is_events: bool = False
    kinds: dict[str, set[str]] = field(default_factory=dict)
    marks: dict[str, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headings = {heading: number for number, heading in enumerate(self.given)}

    def add(self, rows: list[Row]) -> None:
        self.count += len(rows)
        self.unreadable += [(row.line, row.fault) for row in rows if row.fault is not None]
        lines: list[int] = []
        cells: list[dict[str, Any]] = []
        for row in rows:
            if row.fault is None:
                lines.append(row.line)
                cells.append(self._plain(row.cells))
        for name in dict.fromkeys(name for each in cells for name in each):
            if name not in self.headings:
                self._add_heading(name)
        arrays: list[Any] = [pa.array(lines, pa.int64())]
        arrays += [
            pa.array([_written(each.get(name)) for each in cells], pa.string()) for name in self.headings
        ]
        names = ["line", *(f"c{number}" for number in range(len(self.headings)))]
        self.chunks.append(pa.table(arrays, names))

    def add_lines(self, lines: list[Line]) -> None:
        """The same for lines of cells in the order of the headings: column by column, not row by row."""
        self.count += len(lines)
        self.unreadable += [(line, fault) for line, _, fault in lines if fault is not None]
        there = [(line, cells) for line, cells, fault in lines if fault is None]
        width = len(self.given)
        arrays: list[Any] = [pa.array([line for line, _ in there], pa.int64())]
        turned = _turned([cells for _, cells in there], width)
        arrays += [
            self._unmarked(name, _texts(column)) for name, column in zip(self.given, turned, strict=True)
        ]
        self.chunks.append(pa.table(arrays, ["line", *(f"c{number}" for number in range(width))]))

    def _unmarked(self, heading: str, texts: pa.Array) -> pa.Array:
        """The column, null where a cell is a mark of nothing."""
        upper = pc.utf8_upper(texts)
        is_mark = pc.is_in(upper, value_set=_MARKS)
        if not pc.any(is_mark).as_py():
            return texts
        self.marks.setdefault(heading, Counter()).update(upper.filter(is_mark).to_pylist())
        return pc.if_else(is_mark, pa.scalar(None, pa.string()), texts)

    def _add_heading(self, name: str) -> None:
        if len(self.headings) >= MAX_COLUMNS:
            raise HeadingsUnknown(
                f"The sample has more than {MAX_COLUMNS} different keys. Nest less, or send less."
            )
        self.headings[name] = len(self.headings)

    def _plain(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """A row's cells, objects taken apart."""
        if self.given:
            return dict(cells)
        if "specversion" in cells and isinstance(cells.get("data"), dict):
            self.is_events = True
            cells = {TIME_ATTRIBUTE: cells.get("time"), **cells["data"]}
        plain: dict[str, Any] = {}
        for name, cell in cells.items():
            if isinstance(cell, dict):
                plain |= {f"{name}{WITHIN}{key}": inner for key, inner in cell.items()}
            else:
                plain[name] = cell
        for name, cell in plain.items():
            if isinstance(cell, str) and not self.is_events and (mark := mark_of_nothing(cell)):
                self.marks.setdefault(name, Counter())[mark] += 1
                plain[name] = None
            elif cell is not None:
                self.kinds.setdefault(name, set()).add(type(cell).__name__)
        return plain

    def sample(self, name: str, table: Table, *, is_whole: bool) -> Sample:
        filled = [chunk for chunk in self.chunks if chunk.num_rows]
        sheets = ", ".join(table.other_sheets)
        others = f" Other sheets: {sheets}; --sheet says which." if sheets else ""
        if not filled and self.unreadable:
            line, fault = self.unreadable[0]
            raise HeadingsUnknown(
                f"{name}: none of its {len(self.unreadable):,} rows can be read (line {line}: {fault})."
                f" The headings are {', '.join(self.headings)}: if that is a title, --header-row says which"
                f" line they stand on.{others}"
            )
        if not filled:
            raise HeadingsUnknown(
                f"{name} has headings, but no rows. Give it some: guesses need evidence.{others}"
            )
        return replace(
            self.made(name), encoding=table.encoding, is_whole=is_whole, header_row=table.header_row
        )

    def made(self, name: str) -> Sample:
        """What has been taken so far."""
        empty = pa.table([pa.array([], pa.int64())], ["line"])
        filled = [chunk for chunk in self.chunks if chunk.num_rows] or [empty]
        return Sample(
            name=name,
            encoding=None,
            headings=tuple(self.headings),
            rows=pa.concat_tables(filled, promote_options="default"),
            unreadable=tuple(self.unreadable),
            kinds={name: frozenset(kinds) for name, kinds in self.kinds.items()},
            is_events=self.is_events,
            marks=self.marks,
        )


def _turned(rows: list[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Columns of rows; what a row lacks is None."""
    full = [
        cells if len(cells) == width else [*cells[:width], *([None] * (width - len(cells)))] for cells in rows
    ]
    return list(zip(*full, strict=True)) if full else [()] * width


def _texts(cells: Sequence[Any]) -> pa.Array:
    """A column as `_written` has it: texts are cleaned all at once."""
    try:
        texts = pa.array(cells, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid, UnicodeEncodeError):
        return pa.array([_written(cell) for cell in cells], pa.string())
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _written(cell: Any) -> str | None:
    """A cell as a person would have typed it."""
    if cell is None or isinstance(cell, str):
        text = cell
    elif isinstance(cell, datetime):
        text = cell.isoformat(sep=" ")
    elif isinstance(cell, date):
        text = cell.isoformat()
    elif isinstance(cell, (dict, list)):
        text = orjson.dumps(cell, default=str).decode()
    else:
        text = text_of(cell)
    return None if text is None or not text.strip() else _utf8(text.strip())


def _utf8(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
