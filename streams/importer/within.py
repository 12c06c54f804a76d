"""What stands in the objects and lists of JSON lines, key by key, where a mapping says how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streams.contract.model import Contract, FieldSpec
from streams.importer.mapping import Column, ColumnMapping
from streams.importer.tables import WITHIN, is_filled
from streams.importer.values import Convert, nested

if TYPE_CHECKING:
    from streams.importer.columns import Target


def said_within(mapping: ColumnMapping, heading: str, literal: Iterable[str]) -> dict[str, Column]:
    """Key -> what the mapping says of it. literal: headings of the table that have the point themselves."""
    start = heading + WITHIN
    return {
        told.removeprefix(start): column
        for told, column in mapping.columns.items()
        if told.startswith(start) and told not in literal
    }


def stands_in(heading: str, headings: Iterable[str]) -> bool:
    """Whether it is that of a key within the JSON of one of the headings."""
    return any(heading.startswith(each + WITHIN) for each in headings)


def fields_of_items(contract: Contract) -> dict[str, FieldSpec]:
    """`<list>__<field>` -> the field: only what stands within the list's JSON leads there."""
    return {
        f"{name}__{key}": inner for name, spec in contract.lists.items() for key, inner in spec.fields.items()
    }


def taken_apart(targets: Mapping[str, Target], unknown: Callable[[str], None]) -> Convert:
    """An object, or a list of them, with the fields' names and values for the keys that have a target.

    Keys without one are left out and told to `unknown`, as headings of a file that lead nowhere are.
    """

    def one(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        made = {}
        for key, cell in item.items():
            target = targets.get(key)
            if target is None:
                unknown(key)
            elif is_filled(cell) and not target.is_empty(cell):
                made[target.name.partition("__")[2]] = target.convert(cell)
        return made

    def convert(cell: Any) -> Any:
        whole = nested(cell)
        return [one(item) for item in whole] if isinstance(whole, list) else one(whole)

    return convert
