"""The fields of a day's events as columns, by the contract's recipes. Same arguments, same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.simulator.population import Codes, Population
from streams.simulator.randomness import stream
from streams.simulator.recipe import ELSE, HOUR, Recipe, hours
from streams.simulator.schedule import HOUR_US, Instants, midnight
from streams.simulator.values import Column, as_value, fitted, made, objects


@dataclass
class Rows:
    """Columns of one day of one source while they are made, field by field in the order of the recipes."""

    contract: Contract
    populations: Mapping[str, Population]
    seed: int
    day: date
    times: Instants
    purpose: str = "events"
    codes: dict[str, Codes] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)

    def make(self, recipe: Recipe) -> None:
        """Add the column of the recipe's field."""
        chance = stream(self.seed, self.contract.source, self.day, self.purpose, recipe.field)
        values = self._values(recipe, chance)
        if recipe.says.present < 100.0:  # noqa: PLR2004 (percent)
            values = values.astype(object)
            values[chance.random(len(self.times)) * 100.0 >= recipe.says.present] = None
        self.columns[recipe.field] = values

    def _values(self, recipe: Recipe, chance: np.random.Generator) -> Column:
        says, spec, count = recipe.says, self.contract.fields[recipe.field], len(self.times)
        population = self.populations.get(recipe.field)
        if population is not None:
            if recipe.field not in self.codes:
                self.codes[recipe.field] = self._draw(population, recipe, chance)
            return population.values[self.codes[recipe.field]]
        if recipe.read_off is not None:
            return self.populations[recipe.read_off].beside[recipe.field][self.codes[recipe.read_off]]
        if says.by is not None:
            return self._each(recipe, chance)
        if says.formula is not None:
            return evaluate(self.contract, recipe.field, says.formula, self.columns, self.day)
        if says.share is not None and says.of is not None:
            shares = chance.uniform(*says.share, count)
            return fitted(spec, self.columns[says.of].astype(np.float64) * shares, float(says.step))
        return made(spec, says, count, chance, self.day)

    def _draw(self, population: Population, recipe: Recipe, chance: np.random.Generator) -> Codes:
        above = recipe.says.of
        parents = self.codes[above] if above is not None else np.zeros(len(self.times), np.int64)
        if not recipe.says.once_per:
            return population.draw(parents, chance)
        occasions = np.zeros(len(self.times), np.int64)
        for name in recipe.says.once_per:
            found = {value: code for code, value in enumerate(dict.fromkeys(self.columns[name].tolist()))}
            codes = np.array([found[value] for value in self.columns[name].tolist()], np.int64)
            occasions = occasions * len(found) + codes
        return population.draw_once(parents, occasions, chance)

    def _each(self, recipe: Recipe, chance: np.random.Generator) -> Column:
        spec, branches = self.contract.fields[recipe.field], recipe.branches
        values = np.full(len(self.times), None, object)
        holds = self._branch_of_each(recipe)
        for key, says in branches.items():
            there = np.flatnonzero(holds == key)
            if says.weights is not None:
                options = objects([as_value(spec, value) for value in says.weights])
                weights = np.fromiter(says.weights.values(), np.float64)
                values[there] = options[chance.choice(len(options), len(there), p=weights / weights.sum())]
            else:
                values[there] = made(spec, says, len(there), chance, self.day).tolist()
        return values

    def _branch_of_each(self, recipe: Recipe) -> NDArray[np.object_]:
        """The key of `each` that holds for each event; `else` where none names it."""
        named = [key for key in recipe.branches if key != ELSE]
        if recipe.says.by == HOUR:
            found = {hour: key for key in named for hour in hours(key)}
            asked = ((self.times - midnight(self.day)) // HOUR_US).tolist()
            return objects([found.get(value, ELSE) for value in asked])
        known = set(named)
        texts = (_as_text(value) for value in self.columns[recipe.says.by or ""].tolist())
        return objects([text if text in known else ELSE for text in texts])


def origin(recipes: Mapping[str, Recipe], name: str) -> set[str]:
    """The field and what its values belong to, all the way up: a canteen and its division."""
    above = recipes[name].says.of if recipes[name].way == "distinct" else recipes[name].read_off
    return {name} | (origin(recipes, above) if above is not None else set())


def evaluate(
    contract: Contract, wanted: str, formula: str, columns: Mapping[str, Column], day: date
) -> Column:
    """SQL over whole columns, and over `event_day`, as values of the field `wanted`."""
    given = pa.table({name: pa.array(values.tolist()) for name, values in columns.items()})
    spec = contract.fields[wanted]
    named = NAMED_TYPES[spec.type]
    numeric = named.json in ("integer", "number")
    types = {name: NAMED_TYPES[contract.fields[name].type].duckdb for name in columns}
    typed = ", ".join(f'"{name}"::{duckdb_type} as "{name}"' for name, duckdb_type in types.items())
    sql = (
        f"with typed as (select date '{day}' as event_day, {typed} from given)"  # noqa: S608 (the contract's own SQL)
        f" select ({formula})::{'double' if numeric else named.duckdb} from typed"
    )
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.register("given", given)
        answer = connection.sql(sql).to_arrow_table().column(0)
    if numeric:
        return fitted(spec, np.array(answer.to_pylist(), np.float64), 0.0)
    return objects(answer.to_pylist())


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
