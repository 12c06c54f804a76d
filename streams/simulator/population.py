"""Who and what a source's events are about: canteens in divisions, elders at canteens; the same every day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from streams import reference
from streams.contract.model import Contract
from streams.simulator.errors import RecipeError
from streams.simulator.randomness import stream
from streams.simulator.recipe import Recipe
from streams.simulator.values import Column, as_value, distinct, objects, usual

Codes = NDArray[np.int64]
SPREAD_OF_SIZES = 0.5
"""Sigma of the log-normal sizes: the busiest tenth serves about twice what the median does."""


@dataclass(frozen=True, eq=False)
class Population:
    """The values that a field can have: `values[code]`, drawn with `weights` among the members of one parent.

    values: objects; weights: float64, > 0; parents: int64, the code of the value that each member belongs to,
    all 0 where there is none; beside: columns of other fields that a value determines.
    """

    values: Column
    weights: NDArray[np.float64]
    parents: Codes
    beside: Mapping[str, Column] = field(default_factory=dict)

    @cached_property
    def _by_parent(self) -> Codes:
        """Codes of all members, those of one parent together, in order of parent."""
        return np.argsort(self.parents, kind="stable")

    @cached_property
    def _sizes(self) -> Codes:
        return np.bincount(self.parents).astype(np.int64)

    @cached_property
    def _starts(self) -> Codes:
        return np.concatenate(([0], np.cumsum(self._sizes)[:-1]))

    def in_turn(self, number: int, of: int) -> tuple[Population, Codes]:
        """Those whose turn it is, the `number`th of `of` equal parts, and their codes in the whole."""
        codes = np.arange(number, len(self.values), of)
        return Population(self.values[codes], self.weights[codes], np.zeros(len(codes), np.int64)), codes

    def draw(self, parents: Codes, chance: np.random.Generator) -> Codes:
        """For each event one member of its parent, with replacement, by weight."""
        cumulative = np.concatenate(([0.0], np.cumsum(self.weights[self._by_parent])))
        first = self._starts[parents]
        behind = first + self._sizes[parents]
        target = cumulative[first] + chance.random(len(parents)) * (cumulative[behind] - cumulative[first])
        place = np.searchsorted(cumulative, target, side="right") - 1
        drawn: Codes = self._by_parent[np.clip(place, first, behind - 1)]
        return drawn

    def draw_once(self, parents: Codes, occasions: Codes, chance: np.random.Generator) -> Codes:
        """For each event one member of its parent, nobody twice on one occasion.

        Weighted without replacement: the k largest of log(u) / weight (Efraimidis and Spirakis, 2006). A
        parent that has fewer members than events on an occasion starts again with its first.
        """
        drawn = np.empty(len(parents), np.int64)
        for occasion in np.unique(occasions):
            there = np.flatnonzero(occasions == occasion)
            keys = np.log(chance.random(len(self.values))) / self.weights
            ranked = np.lexsort((-keys, self.parents))
            order = there[np.argsort(parents[there], kind="stable")]
            of = parents[order]
            rank = (np.arange(len(order)) - np.searchsorted(of, of, side="left")) % self._sizes[of]
            drawn[order] = ranked[self._starts[of] + rank]
        return drawn


def populations(contract: Contract, recipes: Mapping[str, Recipe], seed: int) -> dict[str, Population]:
    """The population of every field whose values can be listed.

    Raises RecipeError where a population cannot be made as the contract says.
    """
    made: dict[str, Population] = {}
    for name in TopologicalSorter(
        {name: {recipe.says.of} - {None} for name, recipe in recipes.items()}
    ).static_order():
        recipe = recipes[str(name)]
        chance = stream(seed, contract.source, "population", recipe.field)
        try:
            population = _population(contract, recipe, made, seed, chance)
        except ValueError as error:
            raise RecipeError(contract.source, recipe.field, str(error)) from error
        if population is not None:
            made[recipe.field] = population
    return made


def _population(
    contract: Contract, recipe: Recipe, made: Mapping[str, Population], seed: int, chance: np.random.Generator
) -> Population | None:
    if recipe.field in contract.lists:
        return None
    spec = contract.columns[recipe.field]
    match recipe.way:
        case "distinct":
            count = recipe.says.distinct or 0
            parents = _homes(recipe, count, made, chance)
            weights = chance.lognormal(0.0, SPREAD_OF_SIZES, count)
            return Population(distinct(spec, count, seed), weights, parents)
        case "reference":
            return _rows(contract, recipe)
        case "weights":
            return _weighted(contract, recipe, recipe.says.weights or {})
        case None if recipe.read_off is None:
            return _weighted(contract, recipe, usual(spec)) if usual(spec) else None
        case _:
            return None


def _homes(recipe: Recipe, count: int, made: Mapping[str, Population], chance: np.random.Generator) -> Codes:
    """For each of `count` members the code of what it belongs to; nothing is without a member."""
    if recipe.says.of is None:
        return np.zeros(count, np.int64)
    if recipe.says.of not in made:
        raise ValueError(f"`of: {recipe.says.of}` needs a field whose values can be listed")
    above = made[recipe.says.of]
    homes = len(above.values)
    if count < homes:
        raise ValueError(f"`distinct` must be at least {homes}: one for each {recipe.says.of}")
    others = chance.choice(homes, count - homes, p=above.weights / above.weights.sum())
    return np.concatenate((np.arange(homes), others))


def _rows(contract: Contract, recipe: Recipe) -> Population:
    rows = reference.rows(recipe.says.reference or "")
    key = recipe.field if recipe.field in rows[0] else next(iter(rows[0]))
    weigh = recipe.says.weigh
    if weigh is not None and weigh not in rows[0]:
        raise ValueError(f"reference table {recipe.says.reference} has no column {weigh}")
    weights = np.array([float(row[weigh]) if weigh else 1.0 for row in rows])
    spec = contract.columns[recipe.field]
    beside = {
        name: objects([as_value(contract.columns[name], row[name]) for row in rows])
        for name in rows[0]
        if name in contract.columns and name != recipe.field
    }
    values = objects([as_value(spec, row[key]) for row in rows])
    return Population(values, weights, np.zeros(len(rows), np.int64), beside)


def _weighted(contract: Contract, recipe: Recipe, weights: Mapping[str, float]) -> Population:
    spec = contract.columns[recipe.field]
    positive = {value: weight for value, weight in weights.items() if weight > 0}
    values = objects([as_value(spec, value) for value in positive])
    return Population(values, np.fromiter(positive.values(), np.float64), np.zeros(len(positive), np.int64))
