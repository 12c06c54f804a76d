"""What is proposed about several rows together: what is said once, and the steps of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.authoring.facts import Rows
from streams.authoring.guess import Guess
from streams.authoring.life_cycle import Cycle, life_cycle_of
from streams.authoring.uniqueness import Once, rules_of


@dataclass(frozen=True)
class Across:
    """Rules of uniqueness and a life cycle, as far as there are some."""

    once: Sequence[Once] = ()
    cycle: Cycle | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Sections of the contract."""
        found: dict[str, Any] = {}
        if self.once:
            found["unique"] = {each.name: each.said for each in self.once}
        if self.cycle is not None:
            found["life_cycle"] = self.cycle.said
        return found

    @property
    def comments(self) -> dict[tuple[str, ...], tuple[str, ...]]:
        """The evidence, by where it stands."""
        found: dict[tuple[str, ...], tuple[str, ...]] = {
            ("unique", each.name): (each.evidence,) for each in self.once
        }
        return found | ({("life_cycle",): self.cycle.evidence} if self.cycle is not None else {})

    def simulated(self, guesses: Sequence[Guess], key: str) -> dict[str, Any]:
        """Hints for the simulator: as many cases as the sample has; a case stays where it is."""
        if self.cycle is None:
            return {}
        case = next(guess for guess in guesses if guess.name == self.cycle.said["case"])
        same = {"same": [key]} if key != case.name else {}
        return {case.name: {"distinct": case.facts.distinct, **same}}


def across_of(rows: Rows, guesses: Sequence[Guess], time: Guess | None) -> Across:
    """What the order of the rows in time says; nothing where no column is their time."""
    if time is None:
        return Across()
    return Across(rules_of(rows, guesses, time.value), life_cycle_of(rows, guesses, time.value))
