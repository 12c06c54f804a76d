"""What stays the same from day to day of one source: its recipes, and who and what its events are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from streams.contract.model import Contract
from streams.simulator.cases import Cases
from streams.simulator.nested import complete
from streams.simulator.population import Population, populations
from streams.simulator.recipe import Recipe, recipes
from streams.simulator.rows import Given, Rows, origin
from streams.simulator.schedule import Instants, event_times


@dataclass(frozen=True)
class City:
    """The part of the city that one source is about, from a seed. Raises RecipeError when first used."""

    contract: Contract
    seed: int = 1

    @cached_property
    def recipes(self) -> Mapping[str, Recipe]:
        """How each field comes about, in the order in which they can be made."""
        return recipes(self.contract)

    @cached_property
    def populations(self) -> Mapping[str, Population]:
        """The values of each field whose values can be listed."""
        return populations(self.contract, self.recipes, self.seed)

    @cached_property
    def place(self) -> set[str]:
        """The fields that belong to an event's place: the topic's key and what that belongs to."""
        return origin(self.recipes, self.contract.topic.key)

    @cached_property
    def cases(self) -> Cases:
        """The cases of a source whose contract has a life cycle."""
        return Cases(self.contract, self.recipes, self.populations, self.seed)

    def happened(self, day: date, chance: np.random.Generator, scale: float) -> tuple[Instants, Given]:
        """When the events of a day happen, sorted, and what is known of them by then."""
        if self.contract.life_cycle is not None:
            return self.cases.on(day, scale)
        return event_times(self.contract.expect, day, chance, scale), Given()

    def rows(self, day: date, times: Instants, purpose: str, given: Given) -> Rows:
        """Events of a day at those times, of which some is given."""
        rows = Rows(
            self.contract, self.populations, self.seed, day, times, purpose,
            dict(given.codes), dict(given.columns), given.clocks,
        )  # fmt: skip
        for recipe in self.recipes.values():
            rows.make(recipe)
        rows.columns = complete(self.contract, rows.columns)
        return rows
