"""Which simulated events break a rule of uniqueness, and which do when they are said over again.

A day's events are asked among themselves: that other days of a month do not break a rule is for the recipes
of the contract to see to (`turn`, `serial`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from streams.contract import checks
from streams.contract.types import NAMED_TYPES
from streams.simulator.population import Codes
from streams.simulator.rows import Rows
from streams.simulator.schedule import Instants
from streams.simulator.values import Column, objects

Mask = NDArray[np.bool_]
SOON_US = 1_000_000
"""An event is said over again at least so long after it was sent."""


def breaking(rows: Rows) -> Mask:
    """Which of the events break a rule when they are asked in their order."""
    broken = np.zeros(len(rows.times), bool)
    for name, rule in rows.contract.unique.items():
        seen: Counter[object] = Counter()
        for place, key in enumerate(keys(rows, name)):
            if key is None or broken[place]:
                continue
            broken[place] = seen[key] >= rule.times
            seen[key] += 1
    return broken


def keys(rows: Rows, name: str) -> list[tuple[object, ...] | None]:
    """What is said once by a rule, of each event; None where the rule is not about it."""
    rule = rows.contract.unique[name]
    about = _where(rows, name)
    values = zip(*(rows.columns[field].tolist() for field in rule.fields), strict=True)
    return [
        key if asked and None not in key else None for key, asked in zip(values, about.tolist(), strict=True)
    ]


@dataclass(frozen=True)
class Copies:
    """Right events that are refused when they are said over again: their places, and why."""

    code: dict[int, str]

    @cached_property
    def _places(self) -> Codes:
        return np.fromiter(self.code, np.int64, len(self.code))

    def of(self, event: int, sent: Instants, chance: np.random.Generator) -> int | None:
        """One of them that is sent before `event`, or None; `sent` is when each event is."""
        earlier = self._places[sent[self._places] + SOON_US < sent[event]]
        return int(earlier[chance.integers(len(earlier))]) if len(earlier) else None


def copies(rows: Rows, right: Mask) -> Copies:
    """Of the events that are right those whose copy is refused, whatever else is sent.

    The first rule that is about an event must say `once`: how often others let it through is not known here.
    """
    first: list[str | None] = [None] * len(rows.times)
    for name, rule in reversed(rows.contract.unique.items()):
        for place, key in enumerate(keys(rows, name)):
            if key is not None:
                first[place] = f"unique:{name}" if rule.times == 1 else None
    return Copies({place: code for place, code in enumerate(first) if code is not None and right[place]})


def _where(rows: Rows, name: str) -> Mask:
    """Which events a rule is about."""
    condition = checks.unique_filter(rows.contract, name)
    if condition is None or not len(rows.times):
        return np.ones(len(rows.times), bool)
    typed = ", ".join(
        f'"{field}"::{NAMED_TYPES[rows.contract.columns[field].type].duckdb} as "{field}"'
        for field in condition.names
    )
    given = pa.table({field: _arrow(rows.columns[field]) for field in condition.names})
    with duckdb.connect() as connection:
        connection.execute("set threads = 1; set timezone = 'Asia/Shanghai'")
        connection.register("given", given)
        answer = connection.sql(
            f"select coalesce({condition.sql('duckdb')}, false) from (select {typed} from given)"  # noqa: S608 (the contract's own SQL)
        )
        return np.array([asked for (asked,) in answer.fetchall()], bool)


def _arrow(column: Column) -> pa.Array:
    return pa.array(objects(column.tolist()))
