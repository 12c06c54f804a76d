"""Which line of a table holds its headings: the first, or one below a title, a period and a unit. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time
from itertools import chain, islice
from pathlib import Path
from typing import Any

from streams.errors import HeadingsUnknown
from streams.importer.tables import Headed, Line, headings_of, is_filled

LOOKED_AT = 30
"""Lines among which the headings stand, unless it is said where."""


def headed(path: Path, lines: Iterator[Line], said: int | None = None) -> Headed:
    """Find the headings of a table. said: the number of their line, where somebody knows it.

    Without it they stand on the first line that is not blank, unless that is a title: at most half as many
    cells as the lines below it have. Then they are the first line below that is none, if it is of words.

    Lines below that have more cells than there are headings are `too_many_cells`. Raises HeadingsUnknown
    where a heading lacks or stands twice, or nothing begins on the line that was said.
    """
    there = (line for line in lines if line.fault is not None or _extent(line))
    first = list(islice(there, LOOKED_AT)) if said is None else []
    found = _found(first) if said is None else _said(path, there, said)
    try:
        headings = headings_of(path, [_text(cell) for cell in found.cells])
    except HeadingsUnknown as error:
        hint = "" if said is not None else " If the headings stand on another line, --header-row says which."
        raise HeadingsUnknown(f"{error}{hint}") from error
    below = chain((line for line in first if line.line > found.line), there)
    return Headed(headings, found.line, _fitting(below, len(headings)))


def _said(path: Path, lines: Iterator[Line], said: int) -> Line:
    found = next((line for line in lines if line.line >= said), None)
    if found is None or found.line != said or found.fault is not None:
        raise HeadingsUnknown(
            f"{path}: --header-row {said}: nothing begins on that line. Say the line of the headings."
        )
    return found


def _found(first: Sequence[Line]) -> Line:
    """The first line that is no title; the first of all where that one is of numbers, or there is none."""
    for number, line in enumerate(first):
        if not _is_title(line, first[number + 1 :]):
            return line if number == 0 or _is_of_words(line) else first[0]
    return first[0] if first else Line(1, ())


def _is_title(line: Line, below: Sequence[Line]) -> bool:
    """Whether a line cannot be the headings: most lines below go on where it ends or has gaps."""
    extents = sorted(_extent(each) for each in below if each.fault is None)
    if line.fault is not None or not extents:
        return line.fault is not None
    usual = extents[len(extents) // 2]
    filled = sum(map(is_filled, line.cells))
    return 2 * filled <= usual and (filled < _extent(line) or _extent(line) < usual)


def _is_of_words(line: Line) -> bool:
    return all(map(_is_word, filter(is_filled, line.cells)))


def _is_word(cell: Any) -> bool:
    return not isinstance(cell, (int, float, date, time)) and any(map(str.isalpha, str(cell)))


def _fitting(lines: Iterator[Line], width: int) -> Iterator[Line]:
    for line in lines:
        if len(line.cells) > width and any(map(is_filled, line.cells[width:])):
            yield Line(line.line, (), "too_many_cells")
        else:
            yield line


def _extent(line: Line) -> int:
    """Cells up to the last that is filled."""
    cells = line.cells
    return next((place for place in range(len(cells), 0, -1) if is_filled(cells[place - 1])), 0)


def _text(cell: Any) -> str:
    return str(cell).strip() if is_filled(cell) else ""
