"""What stays the same from day to day of one source: its recipes, and who and what its events are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from streams.contract.model import Contract
from streams.simulator.population import Codes, Population, populations
from streams.simulator.recipe import Recipe, recipes
from streams.simulator.rows import Rows, origin
from streams.simulator.schedule import Instants


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

    def rows(
        self, day: date, times: Instants, purpose: str, codes: Mapping[str, Codes] | None = None
    ) -> Rows:
        """Events of a day at those times. `codes` are values that are given, by field."""
        rows = Rows(self.contract, self.populations, self.seed, day, times, purpose, dict(codes or {}))
        for recipe in self.recipes.values():
            rows.make(recipe)
        rows.columns = {field: rows.columns[field] for field in self.contract.fields}
        return rows
