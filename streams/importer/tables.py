"""What a file of rows is to its readers: headings, and lines of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from streams.errors import HeadingsUnknown

Cell = Any
Format = Literal["csv", "xlsx", "jsonl"]
MAX_COLUMNS = 500
WITHIN = "."
"""Between a heading and a key of the objects that stand under it."""

NOTHING = ("-", "--", "–", "—", "——", "－", "/", "N/A", "NULL", "\\N")
"""What people and databases write where they have nothing; capitals or not, blanks around or not."""

_MARKS = frozenset(NOTHING)
LONGEST_WRITTEN = 16
"""Characters of a cell that may be one of them with its blanks: most cells are asked no further."""


@dataclass(frozen=True)
class Row:
    """One line of a table: heading -> cell, without empty cells; or `fault`: why it is unreadable."""

    line: int
    cells: Mapping[str, Cell]
    fault: str | None = None


class Line(NamedTuple):
    """One line of a table: its cells in the order of the headings, perhaps fewer; or why it is unreadable."""

    line: int
    cells: Sequence[Cell]
    fault: str | None = None


@dataclass(frozen=True)
class Table:
    """A file opened for reading once. `headings` is None where each row has its own (JSON lines).

    `rows` and `lines` are the same rows, once: whoever takes one from either has taken it from both. `lines`
    is empty where there are no headings. `done` gives the share that has been read, 0 to 1. `other_sheets`
    are those of a workbook that are not read. `header_row`: the line of the headings; what stands above is
    no row.
    """

    format: Format
    encoding: str | None
    headings: tuple[str, ...] | None
    rows: Iterator[Row]
    done: Callable[[], float]
    lines: Iterator[Line] = field(default_factory=lambda: iter(()))
    other_sheets: tuple[str, ...] = ()
    header_row: int = 1


class Headed(NamedTuple):
    """Headings, the line on which they stand, and the lines below them."""

    headings: tuple[str, ...]
    line: int
    below: Iterator[Line]


def table_of(
    kind: Format,
    encoding: str | None,
    found: Headed,
    done: Callable[[], float],
    other_sheets: tuple[str, ...] = (),
) -> Table:
    headings, at, lines = found
    rows = (Row(line, _by_heading(headings, cells), fault) for line, cells, fault in lines)
    return Table(kind, encoding, headings, rows, done, lines, other_sheets, at)


def _by_heading(headings: tuple[str, ...], cells: Sequence[Cell]) -> Mapping[str, Cell]:
    # `is_filled`, without a call for each cell of a file.
    return {
        name: cell
        for name, cell in zip(headings, cells, strict=False)
        if cell is not None and (type(cell) is not str or (cell and not cell.isspace()))
    }


def is_filled(cell: Cell) -> bool:
    return cell is not None and (not isinstance(cell, str) or bool(cell.strip()))


def mark_of_nothing(text: str) -> str | None:
    """The one of NOTHING that a cell is, or None."""
    if len(text) > LONGEST_WRITTEN:
        return None
    mark = text.strip().upper()
    return mark if mark in _MARKS else None


def headings_of(path: Path, cells: list[str]) -> tuple[str, ...]:
    """The headings of a table, of a line's cells. Raises HeadingsUnknown where one lacks, or stands twice."""
    names = [cell.strip() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names or len(names) > MAX_COLUMNS:
        raise HeadingsUnknown(f"{path} has {len(names)} headings in their line; 1 to {MAX_COLUMNS} are read.")
    empty = [str(place) for place, name in enumerate(names, 1) if not name]
    if empty:
        raise HeadingsUnknown(f"{path}: column {', '.join(empty)} has no heading. Give it one, or remove it.")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HeadingsUnknown(
            f"{path} has the heading {', '.join(repeated)} more than once. Rename one of them."
        )
    return tuple(names)
