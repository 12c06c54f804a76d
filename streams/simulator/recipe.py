"""The `simulate` section of a contract as recipes that can be followed, each after those that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import sqlglot
from sqlglot import exp

from streams import reference
from streams.contract.model import Contract, Simulated
from streams.simulator.errors import RecipeError
from streams.simulator.nested import drawn, is_required

HOUR = "hour"
DAY = "day"
EVENT_DAY = "event_day"
ELSE = "else"
WAYS = ("weights", "between", "about", "share", "formula", "serial", "reference", "distinct", "by")
CLOCKS = ("case_minutes", "step_minutes")
"""What formulas may name beside the fields: minutes since a case was opened and since its last step."""

USUALLY_PRESENT = 80.0
"""Percentage of events that carry an optional field of which the contract says nothing."""


@dataclass(frozen=True)
class Recipe:
    """How the values of `field` come about: the contract's words, and where they are taken from, if they are.

    read_off: the field whose row of a reference table has them; decided_by: the field whose values take turns
    and belong to values of this one (a worker, whose turn it is, to a workshop).
    """

    field: str
    says: Simulated
    read_off: str | None = None
    decided_by: str | None = None

    @property
    def way(self) -> str | None:
        """The one of WAYS that is taken; None: the named type makes the values."""
        return next((way for way in WAYS if getattr(self.says, way) is not None), None)

    @property
    def needs(self) -> set[str]:
        """Fields that must be made before this one."""
        if self.decided_by is not None:
            return {self.decided_by}
        above = self.says.of if self.says.turn is None else None
        names = {self.read_off, above, self.says.by, *self.says.once_per} - {None, HOUR, DAY}
        if self.says.formula is not None:
            names.update(
                column.name
                for column in sqlglot.parse_one(self.says.formula, dialect="duckdb").find_all(exp.Column)
                if column.name not in (EVENT_DAY, *CLOCKS)
            )
        for branch in self.branches.values():
            names |= Recipe(self.field, branch).needs
        return {name for name in names if name is not None}

    @property
    def branches(self) -> dict[str, Simulated]:
        """What `each` says, every form of it as a recipe."""
        return {key: _as_recipe(value) for key, value in (self.says.each or {}).items()}


def recipes(contract: Contract) -> dict[str, Recipe]:
    """A recipe for every field of the contract, each after the fields that it needs.

    Raises RecipeError for a recipe that cannot be followed: it names the contract, the field and the reason.
    """
    made = {field: _recipe(contract, field) for field in drawn(contract)}
    for problem in _problems(contract, made):
        raise problem
    try:
        order = TopologicalSorter({field: recipe.needs for field, recipe in made.items()}).static_order()
        return {field: made[field] for field in order}
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise RecipeError(contract.source, error.args[1][0], f"needs itself: {circle}") from error


def decide(made: dict[str, Recipe], field: str, above: str | None) -> None:
    """What a value belongs to whose turn it is follows from it, all the way up."""
    while above in made:
        made[above] = replace(made[above], decided_by=field)
        field, above = above, made[above].says.of


def constants(recipes: Mapping[str, Recipe], case: str) -> set[str]:
    """The fields that stay the same through a case: its own, those that it names, and what they come from."""
    found: set[str] = set()
    asked = {case, *recipes[case].says.same}
    while asked:
        found |= asked
        asked = {name for field in asked for name in recipes[field].needs} - found
    return found | {name for name, recipe in recipes.items() if recipe.read_off in found}


def hours(text: str) -> range:
    """`6-9` (both included) or `12` as hours of the day. Raises ValueError for anything else."""
    first, _, last = text.partition("-")
    found = range(int(first), int(last or first) + 1)
    if not found or found[0] < 0 or found[-1] > 23:  # noqa: PLR2004 (hours of a day)
        raise ValueError(f"'{text}' are no hours of a day, such as 6-9")
    return found


def _recipe(contract: Contract, field: str) -> Recipe:
    says = contract.simulate.get(field)
    if says is not None:
        return Recipe(field, says)
    for other, recipe in contract.simulate.items():
        if (
            recipe.reference is not None
            and other != field
            and field in _columns(contract, other, recipe.reference)
        ):
            return Recipe(field, Simulated(), read_off=other)
    present = 100.0 if is_required(contract, field) else USUALLY_PRESENT
    return Recipe(field, Simulated(present=present))


def _as_recipe(value: Simulated | str | tuple[str, ...]) -> Simulated:
    if isinstance(value, Simulated):
        return value
    return Simulated(weights=dict.fromkeys((value,) if isinstance(value, str) else value, 1.0))


def _columns(contract: Contract, field: str, table: str) -> tuple[str, ...]:
    try:
        return reference.columns(table)
    except FileNotFoundError as error:
        known = ", ".join(reference.tables())
        raise RecipeError(contract.source, field, f"no reference table {table}; there are {known}") from error


def _problems(contract: Contract, made: Mapping[str, Recipe]) -> Iterator[RecipeError]:
    def wrong(field: str, reason: str) -> RecipeError:
        return RecipeError(contract.source, field, reason)

    for field in set(contract.simulate) - set(made):
        yield wrong(field, "the contract has no such field")
    for field, recipe in made.items():
        says = recipe.says
        ways = [way for way in WAYS if getattr(says, way) is not None]
        if len(ways) > 1:
            yield wrong(field, f"says {' and '.join(ways)}: one way is enough")
        if (says.by is None) != (says.each is None):
            yield wrong(field, "`by` and `each` go together")
        if (says.share is not None) and says.of is None:
            yield wrong(field, "`share` needs `of`: the field that it is a share of")
        if says.of is not None and recipe.way not in ("share", "distinct"):
            yield wrong(field, "`of` goes with `share` or `distinct`")
        if says.turn is not None and recipe.way != "distinct":
            yield wrong(field, "`turn` goes with `distinct`")
        if says.serial is not None and "{number}" not in says.serial:
            yield wrong(field, "`serial` needs {number}, by which its values differ")
        if says.weights is not None and sum(says.weights.values()) <= 0:
            yield wrong(field, "weights must add up to more than 0")
        for name in sorted(recipe.needs - set(made)):
            yield wrong(field, f"needs the field {name}, which the contract has not")
        if says.by == HOUR:
            yield from (wrong(field, reason) for reason in _wrong_hours(recipe))


def _wrong_hours(recipe: Recipe) -> Iterator[str]:
    for key in recipe.branches:
        try:
            _ = key == ELSE or hours(key)
        except ValueError as error:
            yield str(error)
