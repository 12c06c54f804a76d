"""Cases that live for days: which step of which case happens when, by the life cycle of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from streams.contract.model import Contract, LifeCycle
from streams.simulator.population import Codes, Population
from streams.simulator.randomness import stream
from streams.simulator.recipe import CLOCKS, Recipe, constants
from streams.simulator.rows import Given, Rows, as_text
from streams.simulator.schedule import DAY_US, Hours, Instants, event_times, midnight
from streams.simulator.steps import Steps
from streams.simulator.values import Column, objects

OVERDUE = 0.03
"""Share of the steps with a time limit that come after it ..."""
ILLEGAL = 0.005
"""... and of the steps that are left out, so that the next one may not follow."""

TYPICAL, SPREAD = 0.3, 0.6
"""A step usually takes about a third of its limit (log-normal: median, sigma)."""
NO_LIMIT = timedelta(days=1)
"""The limit of steps that have none."""

MOST_STEPS = 30
LONGEST_DAYS = 400
SAMPLE = 2_000
MINUTE_US = 60_000_000


@dataclass(frozen=True, eq=False)
class Opened:
    """The cases of one day of opening, and every step of them until they end.

    Of each case: `codes` and `columns` of the fields that stay the same. Of each step, in no order: its
    `case` (place among the cases), `step`, `at`, and `clocks`: minutes since opening and since the last step.
    """

    codes: Mapping[str, Codes]
    columns: Mapping[str, Column]
    case: Codes
    step: NDArray[np.object_]
    at: Instants
    clocks: Mapping[str, Codes]


@dataclass
class Cases:
    """All cases of a source whose contract has a life cycle. Kept while they may still have steps."""

    contract: Contract
    recipes: Mapping[str, Recipe]
    populations: Mapping[str, Population]
    seed: int
    _opened: dict[tuple[date, float], Opened] = field(default_factory=dict, init=False)

    def on(self, day: date, scale: float) -> tuple[Instants, Given]:
        """When steps happen on a day, sorted, and what is known of them."""
        begin = midnight(day)
        days = [day - timedelta(days=back) for back in range(self.horizon, -1, -1)]
        self._forget(days[0])
        parts = [
            (opened, np.flatnonzero((opened.at >= begin) & (opened.at < begin + DAY_US)))
            for opened in (self._of(each, scale) for each in days)
        ]
        parts = [(opened, there) for opened, there in parts if len(there)]
        if not parts:
            return np.empty(0, np.int64), self._nothing()
        at = np.concatenate([opened.at[there] for opened, there in parts])
        order = np.argsort(at, kind="stable")

        def joined(name: str, kind: str) -> NDArray[np.generic]:
            pieces = []
            for opened, there in parts:
                values = getattr(opened, kind)[name]
                pieces.append(values[there] if kind == "clocks" else values[opened.case[there]])
            joint: NDArray[np.generic] = np.concatenate(pieces)[order]
            return joint

        first = parts[0][0]
        columns = {name: joined(name, "columns") for name in first.columns}
        columns[self._life.step] = np.concatenate([opened.step[there] for opened, there in parts])[order]
        return at[order], Given(
            codes={name: joined(name, "codes").astype(np.int64) for name in first.codes},
            columns=columns,
            clocks={name: joined(name, "clocks").astype(np.int64) for name in first.clocks},
        )

    @cached_property
    def horizon(self) -> int:
        """So many days after it was opened a case has its last step; later ones do not happen."""
        _, _, last = self._sample
        return min(LONGEST_DAYS, int(last.max() // DAY_US) + 1)

    @property
    def _life(self) -> LifeCycle:
        if self.contract.life_cycle is None:
            raise ValueError(f"{self.contract.source} has no life cycle")
        return self.contract.life_cycle

    @cached_property
    def _steps(self) -> Steps:
        return Steps(self._life, self.recipes[self._life.step])

    @cached_property
    def _constants(self) -> set[str]:
        return constants(self.recipes, self._life.case)

    @cached_property
    def _hours(self) -> Hours:
        return Hours(self.contract.expect)

    @cached_property
    def _sample(self) -> tuple[Codes, NDArray[np.object_], Instants]:
        """Steps of some cases, to know how many a case has and how long they take."""
        day = date(2022, 6, 15)
        times = np.full(SAMPLE, midnight(day) + DAY_US // 2, np.int64)
        rows = self._rows(day, times, "sample")
        case, step, at, _ = self._walk(times, rows.columns, stream(self.seed, self.contract.source, "sample"))
        return case, step, at - times[case]

    def _of(self, day: date, scale: float) -> Opened:
        if (day, scale) not in self._opened:
            self._opened[day, scale] = self._open(day, scale)
        return self._opened[day, scale]

    def _forget(self, before: date) -> None:
        for key in [key for key in self._opened if key[0] < before]:
            del self._opened[key]

    def _open(self, day: date, scale: float) -> Opened:
        chance = stream(self.seed, self.contract.source, day, "cases")
        steps_a_case = len(self._sample[0]) / SAMPLE
        times = event_times(self.contract.expect, day, chance, scale / steps_a_case)
        rows = self._rows(day, times, "cases")
        case, step, at, clocks = self._walk(times, rows.columns, chance)
        return Opened(rows.codes, rows.columns, case, step, at, clocks)

    def _rows(self, day: date, times: Instants, purpose: str) -> Rows:
        """What stays the same of cases opened at those times."""
        rows = Rows(self.contract, self.populations, self.seed, day, times, purpose)
        for name, recipe in self.recipes.items():
            if name in self._constants:
                rows.make(recipe)
        return rows

    def _nothing(self) -> Given:
        empty = self._rows(date(2022, 6, 15), np.empty(0, np.int64), "none")
        columns = {**empty.columns, self._life.step: objects([])}
        clocks = {name: np.empty(0, np.int64) for name in CLOCKS}
        return Given(empty.codes, columns, clocks)

    def _walk(
        self, times: Instants, columns: Mapping[str, Column], chance: np.random.Generator
    ) -> tuple[Codes, NDArray[np.object_], Instants, dict[str, Codes]]:
        """Every step of cases opened at those times: case, step, instant, clocks."""
        count = len(times)
        by = self._steps.by
        branch = objects([as_text(value) for value in columns[by].tolist()]) if by else objects([""] * count)
        case, at = np.arange(count), times.copy()
        step = self._steps.first(branch, chance)
        cases, steps, ats, lasts = [case], [step], [at], [at]
        for _ in range(MOST_STEPS - 1):
            left_out = chance.random(len(case)) < ILLEGAL
            following = self._steps.after(step, branch, chance)
            beyond = self._steps.after(following, branch, chance)
            following = np.where(left_out & (beyond != ""), beyond, following)
            going = following != ""
            if not going.any():
                break
            at_next = self._hours.after(at, self._takes(step, chance), chance)
            last = at[going]
            case, branch, step, at = case[going], branch[going], following[going], at_next[going]
            cases.append(case)
            steps.append(step)
            ats.append(at)
            lasts.append(last)
        case, at = np.concatenate(cases), np.concatenate(ats)
        clocks = (at - times[case], at - np.concatenate(lasts))
        minutes = {name: clock // MINUTE_US for name, clock in zip(CLOCKS, clocks, strict=True)}
        return case, np.concatenate(steps), at, minutes

    def _takes(self, step: NDArray[np.object_], chance: np.random.Generator) -> Instants:
        """How long cases stay in those steps, microseconds."""
        limits = objects(
            [self._life.within.get(name, NO_LIMIT) // timedelta(microseconds=1) for name in step]
        )
        limit = limits.astype(np.float64)
        usual = limit * np.minimum(TYPICAL * chance.lognormal(0.0, SPREAD, len(step)), 0.95)
        late = limit * (1.1 + 0.9 * chance.random(len(step)))
        overdue = chance.random(len(step)) < OVERDUE
        return np.where(overdue, late, usual).astype(np.int64)
