"""Which columns of a finance file are which fields of a contract, its amount and its count. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from infra.finance.errors import HeadingsRefused
from streams.contract.model import Contract
from streams.contract.tables import metric_tables
from streams.importer.mapping import Column, ColumnMapping
from streams.importer.values import FEN_PER_UNIT, Convert, converter, folded, text_of
from streams.zone import ZONE

COUNT = "count"
COUNT_WORDS = ("笔数", "件数", "人次", "次数", "数量", "count")
AMOUNT_WORDS = ("金额", "amount")
KEY_TYPES = ("text", "enum", "division", "date", "bool")
HEADING_ROWS = 30
SHORTEST = 2
_UNIT = re.compile(r"^(?P<name>.+?)(?:\((?:单位[::]?)?(?P<a>万元|元|角|分)\)|[/_\-](?P<b>万元|元|角|分))$")
_UNIT_LINE = re.compile(r"单位[::]?(?:人民币)?(万元|元|角|分)")


@dataclass(frozen=True)
class Key:
    """A column by which finance groups: the contract's field, and how its cells become the field's values."""

    field: str
    place: int
    convert: Convert


@dataclass(frozen=True)
class Headings:
    """Where everything stands. `row`: the row of headings. `ignored`: headings that lead nowhere."""

    row: int
    keys: tuple[Key, ...]
    amount: tuple[int, str] | None
    """Its place, and the field of type fen."""
    fen_per_unit: Decimal
    count: int | None
    ignored: tuple[str, ...]


def find_headings(
    rows: Sequence[tuple[int, tuple[Any, ...]]], contract: Contract, mapping: ColumnMapping, unit: str | None
) -> Headings:
    """The row of headings is that of the first thirty of which most cells lead somewhere; titles stand above.

    A heading leads to a field whose title or name it is or is part of (部门: 发放部门), if to one only; the
    mapping goes first. Raises HeadingsRefused: nothing is guessed.
    """
    best = max(rows[:HEADING_ROWS], key=lambda row: len(_targets(row[1], contract, mapping)))
    number, cells = best
    targets = _targets(cells, contract, mapping)
    _refuse_two(targets, cells)
    keys = tuple(
        Key(name, place, _converter(contract, name, mapping.columns.get(_text(cells[place]))))
        for place, name in targets.items()
        if name != COUNT and contract.columns[name].type != "fen"
    )
    amounts = [(place, name) for place, name in targets.items() if name != COUNT and _is_fen(contract, name)]
    counts = [place for place, name in targets.items() if name == COUNT]
    if not keys or not (amounts or counts):
        there = "、".join(_text(cell) for cell in cells if cell is not None)
        raise HeadingsRefused(
            f"No row of the first {HEADING_ROWS} has headings for a field of {contract.source} to group by"
            f" and for an amount or a count. Row {number} has: {there}. Fields are: {_offered(contract)}."
            " Say which is which: --map HEADING=FIELD, --map HEADING=count."
        )
    above = [_text(cell) for row, each in rows if row < number for cell in each if cell is not None]
    others = (cell for place, cell in enumerate(cells) if place not in targets)
    ignored = tuple(_text(cell) for cell in others if cell is not None)
    amount = amounts[0] if amounts else None
    said = _unit(cells, amount, above, mapping, unit)
    return Headings(number, keys, amount, FEN_PER_UNIT[said], counts[0] if counts else None, ignored)


def _targets(cells: Sequence[Any], contract: Contract, mapping: ColumnMapping) -> dict[int, str]:
    found = {}
    for place, cell in enumerate(cells):
        if isinstance(cell, str) and (name := _field(cell, contract, mapping)) is not None:
            found[place] = name
    return found


def _field(heading: str, contract: Contract, mapping: ColumnMapping) -> str | None:
    if heading in mapping.columns:
        to = mapping.columns[heading].to
        if to != COUNT and to not in contract.columns:
            raise HeadingsRefused(f"{contract.source} has no field {to}. It has: {_offered(contract)}.")
        return to
    name = _name(heading)
    fields = _fields(contract)
    same = [field for field, titles in fields.items() if name in titles]
    near = same or [
        field
        for field, titles in fields.items()
        if len(name) >= SHORTEST and any(name in title or title in name for title in titles)
    ]
    if len(near) == 1:
        return near[0]
    if not near and any(word in name for word in COUNT_WORDS):
        return COUNT
    amounts = [field for field in _summed(contract) if _is_fen(contract, field)]
    return amounts[0] if not near and len(amounts) == 1 and any(w in name for w in AMOUNT_WORDS) else None


def _fields(contract: Contract) -> dict[str, set[str]]:
    """Field -> what it may be called: its name and title, and the titles of its measures."""
    found: dict[str, set[str]] = {}
    for name, spec in contract.columns.items():
        if spec.pii is None and (spec.type in KEY_TYPES or name in _summed(contract)):
            found[name] = {folded(name), _name(spec.title)}
            if spec.type == "division":
                found[name] |= {"区县", "县区", "县市区", "县(市、区)", "地区", "区划"}
    for metric in contract.metrics.values():
        for measure in metric.measures.values():
            if measure.aggregate == "sum" and measure.field in found:
                found[measure.field].add(_name(measure.title))
            elif measure.aggregate == "count" and measure.field is None:
                found.setdefault(COUNT, set()).add(_name(measure.title))
    return found


def _summed(contract: Contract) -> list[str]:
    columns = (column for table in metric_tables(contract) for column in table.columns)
    return list(dict.fromkeys(c.field for c in columns if c.aggregate == "sum" and c.field is not None))


def _is_fen(contract: Contract, field: str) -> bool:
    return contract.columns[field].type == "fen"


def _converter(contract: Contract, field: str, said: Column | None) -> Convert:
    convert = converter(contract.columns[field], unit=None, zone=ZONE, form=said.format if said else None)
    if said is None or not said.values:
        return convert
    values: Mapping[str, str] = said.values
    return lambda cell: convert(values.get(text_of(cell), cell))


def _unit(
    cells: Sequence[Any],
    amount: tuple[int, str] | None,
    above: Iterable[str],
    mapping: ColumnMapping,
    unit: str | None,
) -> str:
    """The unit that was asked for, of the mapping, of the heading, or of a line 单位：元 above the table."""
    if amount is None:
        return "分"
    heading = _text(cells[amount[0]])
    mapped = mapping.columns[heading].unit if heading in mapping.columns else None
    match = _UNIT.match(folded(heading))
    own = match and (match["a"] or match["b"])
    lines = {found for text in above for found in _UNIT_LINE.findall(folded(text))}
    said = unit or mapped or own or (lines.pop() if len(lines) == 1 else None)
    if said is None and amount[1] and folded(heading) == folded(amount[1]):
        return "分"  # the contract's own name of the field: its own unit
    if said is None:
        raise HeadingsRefused(
            f"{heading} does not say in which unit its amounts are, nor does a line above. Say it: --unit 元."
        )
    return said


def _refuse_two(targets: Mapping[int, str], cells: Sequence[Any]) -> None:
    names = list(targets.values())
    for name in sorted({name for name in names if names.count(name) > 1}):
        both = "、".join(_text(cells[place]) for place, each in targets.items() if each == name)
        raise HeadingsRefused(f"The headings {both} both lead to {name}. Say which: --map HEADING={name}.")


def _offered(contract: Contract) -> str:
    fields = (name for name in _fields(contract) if name != COUNT)
    return ", ".join(f"{name} ({contract.columns[name].title})" for name in fields)


def _name(heading: str) -> str:
    match = _UNIT.match(folded(heading))
    return match["name"] if match else folded(heading)


def _text(cell: Any) -> str:
    return "" if cell is None else text_of(cell)
