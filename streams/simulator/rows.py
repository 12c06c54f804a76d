"""The fields of a day's events as columns, by the contract's recipes. Same arguments, same rows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.contract.model import Contract
from streams.contract.types import NAMED_TYPES
from streams.simulator.nested import drawn, lists
from streams.simulator.population import Codes, Population
from streams.simulator.randomness import stream
from streams.simulator.recipe import CLOCKS, DAY, ELSE, HOUR, Recipe, hours
from streams.simulator.schedule import HOUR_US, Instants, midnight, turn, written
from streams.simulator.values import Column, as_value, fitted, made, objects


@dataclass(frozen=True)
class Given:
    """What is known of events before the rest of them is made: values by field, and the clocks of formulas.

    codes: places of values in the field's population.
    """

    codes: Mapping[str, Codes] = field(default_factory=dict)
    columns: Mapping[str, Column] = field(default_factory=dict)
    clocks: Mapping[str, Codes] = field(default_factory=dict)

    def of(self, places: Codes) -> Given:
        """The same of some of the events."""
        return Given(
            *({name: values[places] for name, values in each.items()} for each in vars(self).values())
        )


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
    clocks: Mapping[str, Codes] = field(default_factory=dict)

    def of(self, places: Codes) -> Rows:
        """The same of some of the events."""
        some = Given(self.codes, self.columns, self.clocks).of(places)
        return replace(
            self,
            times=self.times[places],
            codes=dict(some.codes),
            columns=dict(some.columns),
            clocks=some.clocks,
        )

    def make(self, recipe: Recipe) -> None:
        """Add the column of the recipe's field, unless it is given."""
        if recipe.field in self.columns:
            return
        chance = stream(self.seed, self.contract.source, self.day, self.purpose, recipe.field)
        values = self._values(recipe, chance)
        if recipe.says.present < 100.0:  # noqa: PLR2004 (percent)
            values = values.astype(object)
            values[chance.random(len(self.times)) * 100.0 >= recipe.says.present] = None
        self.columns[recipe.field] = values

    def _values(self, recipe: Recipe, chance: np.random.Generator) -> Column:
        population = self.populations.get(recipe.field)
        if population is not None:
            if recipe.field not in self.codes:
                self.codes[recipe.field] = self._drawn(population, recipe, chance)
            return population.values[self.codes[recipe.field]]
        if recipe.read_off is not None:
            return self.populations[recipe.read_off].beside[recipe.field][self.codes[recipe.read_off]]
        return self._made(recipe, chance)

    def _made(self, recipe: Recipe, chance: np.random.Generator) -> Column:
        says, spec, count = recipe.says, drawn(self.contract)[recipe.field], len(self.times)
        match recipe.way:
            case _ if spec.type == "list":
                values = lists(spec, says, count, chance)
            case "by":
                values = self._each(recipe, chance)
            case "formula":
                known = {**self.columns, **self.clocks}
                values = evaluate(self.contract, recipe.field, says.formula or "", known, self.day)
            case "serial":
                values = self._serial(says.serial or "")
            case "share":
                low, high = says.share or (0.0, 0.0)
                shares = chance.uniform(low, high, count)
                whole = self.columns[says.of or ""].astype(np.float64)
                values = fitted(spec, whole * shares, float(says.step))
            case None if spec.type == "timestamp":
                values = objects(written(self.times))
            case _:
                values = made(spec, says, count, chance, self.day)
        return values

    def _drawn(self, population: Population, recipe: Recipe, chance: np.random.Generator) -> Codes:
        if recipe.decided_by is not None:
            below = recipe.decided_by
            return self.populations[below].parents[self.codes[below]]
        nowhere = np.zeros(len(self.times), np.int64)
        if recipe.says.turn is not None:
            number, parts = turn(self.contract.expect, self.day, recipe.says.turn)
            some, codes = population.in_turn(number, parts)
            return codes[self._draw(some, nowhere, recipe, chance)]
        above = recipe.says.of
        return self._draw(population, self.codes[above] if above is not None else nowhere, recipe, chance)

    def _serial(self, template: str) -> Column:
        text = template.replace("{day}", f"{self.day:%Y%m%d}")
        return objects([text.replace("{number}", f"{number:06d}") for number in range(len(self.times))])

    def _draw(
        self, population: Population, parents: Codes, recipe: Recipe, chance: np.random.Generator
    ) -> Codes:
        if not recipe.says.once_per:
            return population.draw(parents, chance)
        occasions = np.zeros(len(self.times), np.int64)
        for name in (name for name in recipe.says.once_per if name != DAY):
            found = {value: code for code, value in enumerate(dict.fromkeys(self.columns[name].tolist()))}
            codes = np.array([found[value] for value in self.columns[name].tolist()], np.int64)
            occasions = occasions * len(found) + codes
        return population.draw_once(parents, occasions, chance)

    def _each(self, recipe: Recipe, chance: np.random.Generator) -> Column:
        spec, branches = self.contract.columns[recipe.field], recipe.branches
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
        texts = (as_text(value) for value in self.columns[recipe.says.by or ""].tolist())
        return objects([text if text in known else ELSE for text in texts])


def origin(recipes: Mapping[str, Recipe], name: str) -> set[str]:
    """The field and what its values belong to, all the way up: a canteen and its division."""
    above = recipes[name].says.of if recipes[name].way == "distinct" else recipes[name].read_off
    return {name} | (origin(recipes, above) if above is not None else set())


def evaluate(
    contract: Contract, wanted: str, formula: str, columns: Mapping[str, Column], day: date
) -> Column:
    """SQL over whole columns, and over `event_day`, as values of the field `wanted`."""
    columns = {name: values for name, values in columns.items() if name not in contract.lists}
    given = pa.table({name: pa.array(values.tolist()) for name, values in columns.items()})
    spec = contract.columns[wanted]
    named = NAMED_TYPES[spec.type]
    numeric = named.json in ("integer", "number")
    kept = {"integer": "double", "number": "double", "boolean": "boolean"}.get(named.json, "varchar")
    types = {
        name: "BIGINT" if name in CLOCKS else NAMED_TYPES[contract.columns[name].type].duckdb
        for name in columns
        if name in CLOCKS or name in contract.columns
    }
    typed = ", ".join(f'"{name}"::{duckdb_type} as "{name}"' for name, duckdb_type in types.items())
    sql = (
        f"with typed as (select date '{day}' as event_day, {typed} from given)"  # noqa: S608 (the contract's own SQL)
        f" select ({formula})::{kept} from typed"
    )
    connection = _calculator()
    connection.register("given", given)
    answer = connection.sql(sql).to_arrow_table().column(0)
    connection.unregister("given")
    if numeric:
        return fitted(spec, np.array(answer.to_pylist(), np.float64), 0.0)
    return objects(answer.to_pylist())


def _calculator() -> duckdb.DuckDBPyConnection:
    """This thread's own DuckDB: to open one takes ten times as long as to ask it."""
    if not hasattr(_threads, "connection"):
        _threads.connection = duckdb.connect(config={"threads": 1})
    found: duckdb.DuckDBPyConnection = _threads.connection
    return found


_threads = threading.local()


def as_text(value: object) -> str:
    """A value as it stands in the contract's lists of values."""
    return str(value).lower() if isinstance(value, bool) else str(value)
