"""Headings -> fields of the contract and attributes of the event. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from streams.contract.model import NESTED, Contract, FieldSpec
from streams.contract.types import values_of
from streams.errors import HeadingsUnknown, MappingWrong
from streams.importer.mapping import Column, ColumnMapping
from streams.importer.tables import LONGEST_WRITTEN, NOTHING, WITHIN, mark_of_nothing
from streams.importer.values import converter, folded, instant, remembered, text_of
from streams.importer.within import fields_of_items, said_within, stands_in, taken_apart

ATTRIBUTES = ("id", "time")
ATTRIBUTE_HEADINGS = {
    "id": ("id", "eventid", "事件编号", "事件id", "流水号", "编号", "序列号"),
    "time": ("time", "eventtime", "时间", "事件时间", "发生时间", "业务时间"),
}
_UNIT = re.compile(r"^(?P<name>.+?)(?:\((?:单位[::]?)?(?P<a>万元|元|角|分)\)|[/_\-](?P<b>万元|元|角|分))$")


@dataclass(frozen=True)
class Target:
    """Where the cells under a heading go: `name` is a field, or an attribute (id, time)."""

    heading: str
    name: str
    is_attribute: bool
    convert: Callable[[Any], Any]
    unit: str | None = None
    own: frozenset[str] = frozenset()
    """Marks of NOTHING that are values here: of the mapping, of the field's list or pattern."""
    clock: str | None = None
    """The heading under which the time of day stands, where the cells here are days."""

    def is_empty(self, cell: Any) -> bool:
        """Whether a cell is a mark that stands for nothing."""
        if type(cell) is not str or len(cell) > LONGEST_WRITTEN:
            return False
        mark = mark_of_nothing(cell)
        return mark is not None and mark not in self.own

    @cached_property
    def within(self) -> tuple[str, str] | None:
        """The object and its field, where the field stands in an object."""
        outer, _, inner = self.name.partition("__")
        return (outer, inner) if inner else None


class Columns:
    """Targets of a file's headings by one contract; also for headings that turn up later (JSON lines)."""

    def __init__(self, contract: Contract, mapping: ColumnMapping, zone: ZoneInfo) -> None:
        self._contract = contract
        self._mapping = mapping
        self._zone = zone
        self._by_name = _names(contract)
        self._fields = _importable(contract)
        self._items = fields_of_items(contract)
        self._clocks = {column.clock for column in mapping.columns.values() if column.clock is not None}
        self._literal: frozenset[str] = frozenset()
        self._known: dict[str, Target | None] = {}
        wrong = [
            f"{heading} -> {column.to}{_hint(column.to, [*self._fields, *ATTRIBUTES])}"
            for heading, column in mapping.columns.items()
            if column.to not in self._fields
            and column.to not in ATTRIBUTES
            and not (WITHIN in heading and column.to in self._items)
        ]
        if wrong:
            raise MappingWrong(f"The contract {contract.source} has no such field: {', '.join(wrong)}.")
        self._refuse_clocks()

    def target(self, heading: str) -> Target | None:
        """Where a heading leads; None if nowhere."""
        if heading not in self._known:
            self._known[heading] = self._find(heading)
        return self._known[heading]

    def match(self, headings: Iterable[str]) -> list[Target]:
        """Targets of a table's headings. Raises HeadingsUnknown if a required field has none, or two."""
        headings = list(headings)
        self._literal = frozenset(headings)
        told = [*self._mapping.columns, *self._clocks]
        absent = [heading for heading in told if heading not in headings and not stands_in(heading, headings)]
        if absent:
            raise MappingWrong(f"The file has no heading {', '.join(absent)}; it has {', '.join(headings)}.")
        self._take_only_time(headings)
        targets = [target for heading in headings if (target := self.target(heading))]
        self._refuse_shadowed()
        self._refuse_two(targets)
        self._refuse_missing(targets, headings)
        return targets

    def ignored(self) -> list[str]:
        """Headings that were seen and lead nowhere."""
        return [
            heading
            for heading, target in self._known.items()
            if target is None and heading not in self._clocks
        ]

    def _find(self, heading: str) -> Target | None:
        if heading in self._clocks:
            return None
        within = said_within(self._mapping, heading, self._literal)
        if within:
            return self._apart(heading, within)
        column = self._mapping.columns.get(heading)
        name, unit = split_unit(heading)
        if column is None:
            found = self._by_name.get(folded(heading)) or self._by_name.get(name)
            return None if found is None else self._make(heading, Column(to=found), unit)
        return self._make(heading, column, column.unit or unit)

    def _apart(self, heading: str, within: dict[str, Column]) -> Target:
        """A target that takes its objects apart, also those of a list, and leaves out what is not said."""
        outers = {column.to.partition("__")[0] for column in within.values()}
        outer = outers.pop()
        if outers or outer not in self._fields or self._fields[outer].type not in NESTED:
            said = ", ".join(f"{heading}{WITHIN}{key} -> {column.to}" for key, column in within.items())
            raise MappingWrong(
                f"What stands within {heading} leads into one object or list: {said} does not."
            )
        targets = {
            key: self._make(f"{heading}{WITHIN}{key}", column, column.unit or split_unit(key)[1])
            for key, column in within.items()
        }

        def unknown(key: str) -> None:
            self._known.setdefault(f"{heading}{WITHIN}{key}", None)

        convert = taken_apart(targets, unknown)
        return Target(heading, outer, is_attribute=False, convert=convert)

    def _make(self, heading: str, column: Column, unit: str | None) -> Target:
        spec = self._fields.get(column.to) or self._items.get(column.to)
        if spec is not None:
            convert = converter(spec, unit=unit, zone=self._zone, form=column.format)
            if spec.pii is None and spec.type not in NESTED:
                convert = remembered(convert)
        elif column.to == "time":
            convert = lambda cell: instant(cell, self._zone, column.format)  # noqa: E731 (chosen here)
        else:
            convert = text_of
        if column.values:
            values, inner = column.values, convert
            convert = lambda cell: inner(values.get(text_of(cell), cell))  # noqa: E731 (chosen here)
        shown = unit if spec is not None and spec.type == "fen" else None
        own = _own_marks(spec, column)
        return Target(heading, column.to, spec is None, convert, shown, own, column.clock)

    def _take_only_time(self, headings: list[str]) -> None:
        """If nothing leads to the event's time, and just one unknown heading is called a time, it is that."""
        targets = {heading: self.target(heading) for heading in headings}
        if any(target and target.name == "time" for target in targets.values()):
            return
        times = [heading for heading, target in targets.items() if not target and heading.endswith("时间")]
        if len(times) == 1:
            self._known[times[0]] = self._make(times[0], Column(to="time"), None)

    def _refuse_clocks(self) -> None:
        for heading, column in self._mapping.columns.items():
            spec = self._fields.get(column.to)
            is_moment = column.to == "time" or (spec is not None and spec.type == "timestamp")
            if column.clock is not None and not is_moment:
                raise MappingWrong(
                    f"{heading}: clock goes with time or a field of type timestamp, and {column.to} is none."
                )
            if column.clock in self._mapping.columns:
                raise MappingWrong(f"{column.clock} is the clock of {heading}: it leads nowhere else.")

    def _refuse_shadowed(self) -> None:
        fields = self._contract.fields
        shadowed = [name for name in ATTRIBUTES if name in fields and not fields[name].optional]
        if shadowed:
            raise MappingWrong(
                f"The contract {self._contract.source} has a field {' and '.join(shadowed)}: that is the"
                " name of an attribute that every event has: no heading can lead to the field. Rename it."
            )

    def _refuse_two(self, targets: list[Target]) -> None:
        names = [target.name for target in targets]
        for name in sorted({name for name in names if names.count(name) > 1}):
            both = "、".join(target.heading for target in targets if target.name == name)
            raise HeadingsUnknown(
                f"The headings {both} both lead to {name}. Remove one, or say which: --map HEADING={name}."
            )

    def _refuse_missing(self, targets: list[Target], headings: list[str]) -> None:
        there = {target.name for target in targets}
        missing = [name for name in ("time", *self._required(there)) if name not in there]
        if missing:
            wanted = "; ".join(f"{name} ({self._title(name)})" for name in missing)
            lists = [name for name in missing if name in self._contract.lists]
            hint = f" A list ({', '.join(lists)}) stands in one column, as JSON text." if lists else ""
            raise HeadingsUnknown(
                f"No heading leads to: {wanted}. The file has: {', '.join(headings)}."
                f" Rename the headings, or say which they are: --map HEADING=FIELD.{hint}"
            )

    def _required(self, there: set[str]) -> Iterator[str]:
        """Fields that every row needs. An object is in one column as JSON text, or has a column a field."""
        for name, spec in self._contract.fields.items():
            if spec.optional:
                continue
            if spec.type == "object" and name not in there:
                yield from (f"{name}__{key}" for key, inner in spec.fields.items() if not inner.optional)
            else:
                yield name

    def _title(self, name: str) -> str:
        return self._fields[name].title if name in self._fields else "事件时间"


def _own_marks(spec: FieldSpec | None, column: Column) -> frozenset[str]:
    texts = {*column.values}
    pattern = None
    if spec is not None and spec.type not in NESTED:
        values = values_of(spec)
        texts |= {*values, *values.values()}
        pattern = spec.pattern
    said = {text.upper() for text in texts}
    return frozenset(
        mark for mark in NOTHING if mark in said or (pattern is not None and re.fullmatch(pattern, mark))
    )


def _importable(contract: Contract) -> dict[str, FieldSpec]:
    """What a column may lead to: fields, objects' fields, and objects and lists whole."""
    counts = {f"{name}__count" for name in contract.lists}
    nested = {name: spec for name, spec in contract.fields.items() if spec.type in NESTED}
    fields = nested | {name: spec for name, spec in contract.columns.items() if name not in counts}
    return {name: spec for name, spec in fields.items() if name not in ATTRIBUTES}


def _names(contract: Contract) -> dict[str, str]:
    """Folded heading -> field or attribute; a field's name wins over a title, a title over an attribute."""
    names = {heading: name for name in ATTRIBUTES for heading in ATTRIBUTE_HEADINGS[name]}
    fields = _importable(contract)
    titles = {folded(spec.title): name for name, spec in fields.items()}
    # A title may explain its unit: 办理时长（分钟） is written 办理时长 too.
    names |= {title.partition("(")[0]: name for title, name in titles.items()} | titles
    return names | {folded(name): name for name in fields}


def split_unit(heading: str) -> tuple[str, str | None]:
    name = folded(heading)
    match = _UNIT.match(name)
    return (match["name"], match["a"] or match["b"]) if match else (name, None)


def _hint(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f" (did you mean {close[0]}?)" if close else ""
