"""Objects and lists of simulated events: made flat, as columns, and put together when an event is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import numpy as np

from streams.contract.model import Contract, FieldSpec, Simulated
from streams.contract.types import NAMED_TYPES
from streams.judge.shape import leaves
from streams.simulator.values import Column, objects

USUAL_ITEMS = (1, 3)


def drawn(contract: Contract) -> dict[str, FieldSpec]:
    """Flat name -> spec of every column that a recipe makes: all but the counts of lists, and lists whole."""
    return {name: spec for name, _, spec in leaves(contract)} | contract.lists


def is_required(contract: Contract, name: str) -> bool:
    """Whether a column is there wherever what it stands in is there."""
    outer, _, inner = name.partition("__")
    spec = contract.fields[outer]
    return not (spec.fields[inner] if inner else spec).optional


def lists(spec: FieldSpec, says: Simulated, count: int, chance: np.random.Generator) -> Column:
    """`count` lists; `between` says how many items one has. The values within are made by their types."""
    low, high = (int(bound) for bound in says.between or USUAL_ITEMS)
    random = Random(chance.integers(0, 2**63).item())  # noqa: S311 (synthetic values, repeatable)
    sizes = chance.integers(low, min(high, spec.most_items), count, endpoint=True).tolist()
    return objects([[_item(spec, random) for _ in range(size)] for size in sizes])


def _item(spec: FieldSpec, random: Random) -> dict[str, Any]:
    return {key: NAMED_TYPES[inner.type].make(random, inner) for key, inner in spec.fields.items()}


def complete(contract: Contract, columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns in the contract's order, with the counts of lists. An object that lacks a required field is
    not there at all, so that none of its other fields is.
    """
    made = dict(columns)
    for name, spec in contract.fields.items():
        if spec.type == "object" and spec.optional:
            required = [f"{name}__{key}" for key, inner in spec.fields.items() if not inner.optional]
            absent = np.any([[value is None for value in made[each].tolist()] for each in required], axis=0)
            for key in spec.fields:
                column = made[f"{name}__{key}"].astype(object)
                column[absent] = None
                made[f"{name}__{key}"] = column
    for name in contract.lists:
        items = made[name].tolist()
        made[f"{name}__count"] = objects([None if each is None else len(each) for each in items])
    return {name: made[name] for name in _in_order(contract)}


def _in_order(contract: Contract) -> Iterator[str]:
    for name in contract.columns:
        if (outer := name.removesuffix("__count")) in contract.lists:
            yield outer
        yield name


def assembled(contract: Contract, row: Mapping[str, Any], *, nulls: bool = False) -> dict[str, Any]:
    """The `data` of an event from its columns; with `nulls`, what is not there is written as null."""
    data: dict[str, Any] = {}
    for name, value in row.items():
        outer, _, inner = name.partition("__")
        if inner and outer in contract.lists:
            continue
        if value is None and not (nulls and not inner):
            continue
        if inner:
            data.setdefault(outer, {})[inner] = value
        elif name in contract.lists and value is not None:
            # The steps of a case share its lists, and whoever sends an event replaces persons in it.
            data[name] = [dict(each) for each in value]
        else:
            data[name] = value
    return data


def holder(data: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """The dict in an event's `data` that holds a column's value, and the key there; made if need be."""
    outer, _, inner = name.partition("__")
    if not inner:
        return data, outer
    if not isinstance(data.get(outer), dict):
        data[outer] = {}
    return data[outer], inner
