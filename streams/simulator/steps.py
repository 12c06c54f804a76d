"""Which step of a case follows which: by chance, among those that may follow, by the weights of the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from streams.contract.model import LifeCycle
from streams.simulator.recipe import ELSE, Recipe

Texts = NDArray[np.object_]


class Steps:
    """Draws steps. Where their weights depend on another field (`by`), each of its values has a branch."""

    def __init__(self, life: LifeCycle, recipe: Recipe) -> None:
        self._life, self._recipe = life, recipe

    @property
    def by(self) -> str | None:
        """The field on which the weights of steps depend; it stays the same through a case."""
        return self._recipe.says.by

    def first(self, branch: Texts, chance: np.random.Generator) -> Texts:
        """The step that opens each case."""
        return self._drawn(branch, dict.fromkeys(branch.tolist(), self._life.start), branch, chance)

    def after(self, step: Texts, branch: Texts, chance: np.random.Generator) -> Texts:
        """The step that follows each; "" where the case has ended."""
        return self._drawn(step, self._life.then, branch, chance)

    def _drawn(
        self,
        keys: Texts,
        options: Mapping[str, Sequence[str]],
        branch: Texts,
        chance: np.random.Generator,
    ) -> Texts:
        chosen = np.full(len(keys), "", object)
        luck = chance.random(len(keys))
        for key in dict.fromkeys(keys.tolist()):
            for name in dict.fromkeys(branch[keys == key].tolist()):
                there = (keys == key) & (branch == name)
                weights = self._weights(options.get(key, options.get(ELSE, ())), name)
                if weights:
                    steps = np.array(list(weights), object)
                    edges = np.cumsum(list(weights.values()))
                    places = np.searchsorted(edges, luck[there] * edges[-1], side="right")
                    chosen[there] = steps[np.minimum(places, len(steps) - 1)]
        return chosen

    def _weights(self, steps: Sequence[str], branch: str) -> dict[str, float]:
        """Of those steps the weights above 0; all alike where the contract gives none."""
        given = self._branches.get(branch, self._branches.get(ELSE, {}))
        if not given:
            return dict.fromkeys(steps, 1.0)
        return {step: given[step] for step in steps if given.get(step, 0.0) > 0}

    @cached_property
    def _branches(self) -> dict[str, Mapping[str, float]]:
        says = self._recipe.says
        if says.by is None:
            return {ELSE: says.weights or {}}
        return {key: recipe.weights or {} for key, recipe in self._recipe.branches.items()}
