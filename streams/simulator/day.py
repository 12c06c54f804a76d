"""One simulated day of one source: the events, and every sending of them.

Everything follows from (seed, contract, day, scale, rates): no clock, no state. Two runs, at whatever pace
and interrupted wherever, send the same events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.contract.model import Contract
from streams.simulator.city import City
from streams.simulator.faults import Event, Fault, WayName, faults, nothing
from streams.simulator.nested import assembled
from streams.simulator.plan import USUAL, Kind, Plan, Rates, first_sendings, plan, some
from streams.simulator.population import Codes
from streams.simulator.randomness import stream
from streams.simulator.rows import Given, Rows
from streams.simulator.schedule import DAY_US, Instants, midnight, written
from streams.simulator.uniqueness import Copies, breaking, copies
from streams.simulator.values import Column

CHUNK = 2_000
COPIES = 0.2
"""Share of the faulty events that say over again what is said once, where the contract has such a rule."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One event on its way. at: when it is sent, microseconds since 1970 UTC; key: its place."""

    at: int
    kind: Kind
    key: str
    event: Event
    fault: Fault | None = None


@dataclass(frozen=True)
class SimulatedDay:
    """A day of `city`, sent by the way `way`, which decides what faults there can be."""

    city: City
    day: date
    scale: float = 1.0
    rates: Rates = USUAL
    way: WayName = "kafka"

    @property
    def contract(self) -> Contract:
        return self.city.contract

    @property
    def times(self) -> Instants:
        """When each event happens, sorted."""
        return self._right.times

    @property
    def columns(self) -> Mapping[str, Column]:
        """Columns and lists of every event as it really happened, in order of `times`, with raw persons."""
        return self._right.columns

    @cached_property
    def faulty(self) -> NDArray[np.bool_]:
        """Which events are sent with a fault."""
        return self._chance("faulty").random(len(self.times)) < self.rates.faulty

    @property
    def late(self) -> NDArray[np.bool_]:
        """Which events are sent late."""
        return self._first[1]

    @cached_property
    def repeated(self) -> Codes:
        """Places of the events that are sent twice with the same content."""
        return some(np.flatnonzero(~self.faulty), self.rates.duplicate, self._chance("duplicate"))

    @property
    def conflicting(self) -> Codes:
        """Places of the events whose id is sent once more with other content."""
        return self._conflicts[0]

    def fault_of(self, event: int) -> Fault:
        """The fault of an event that is faulty."""
        if (repeats := self.copied(event)) is not None:
            return Fault(self._copies.code[repeats], None, nothing)
        return self._faults[int(self._chance("fault", event).integers(len(self._faults)))]

    def copied(self, event: int) -> int | None:
        """The event that a faulty one says over again under an id of its own; None: its fault is another."""
        chance = self._chance("copied", event)
        earlier = self._copies.of(event, self._first[0], chance)
        return earlier if chance.random() < COPIES else None

    @cached_property
    def plan(self) -> Plan:
        """Every sending, without its event."""
        return plan(self._first[0], self.faulty, self.repeated, self.conflicting, self._chance)

    def sendings(self, begin: int | None = None, end: int | None = None) -> Iterator[Sending]:
        """What is sent from `begin` on and before `end` (microseconds since 1970 UTC), in order."""
        low, high = self._span(begin, end)
        for first in range(low, high, CHUNK):
            yield from self._made(first, min(first + CHUNK, high))

    def count(self, begin: int | None = None, end: int | None = None) -> int:
        """How many `sendings` there are."""
        low, high = self._span(begin, end)
        return high - low

    @property
    def end(self) -> int:
        """The instant at which everything has been sent."""
        return max(int(self.plan.at[-1]) + 1 if len(self.plan.at) else 0, midnight(self.day) + DAY_US)

    def _span(self, begin: int | None, end: int | None) -> tuple[int, int]:
        at = self.plan.at
        low = 0 if begin is None else int(np.searchsorted(at, begin, side="left"))
        return low, max(low, len(at) if end is None else int(np.searchsorted(at, end, side="left")))

    def _made(self, first: int, last: int) -> Iterator[Sending]:
        """The sendings at these places of the plan."""
        at, kinds = self.plan.at[first:last].tolist(), self.plan.kind[first:last].tolist()
        events = self.plan.event[first:last]
        fields, key = list(self.columns), self.contract.topic.key
        rows = zip(*(column[events].tolist() for column in self.columns.values()), strict=True)
        keys = self.columns[key][events].tolist()
        times = written(self.times[events])
        for sent_at, kind, event, row, place, time in zip(
            at, kinds, events.tolist(), rows, keys, times, strict=True
        ):
            if kind == Kind.CONFLICTING:
                row = self._other_content(event)  # noqa: PLW2901 (the row that is sent instead)
            elif kind == Kind.FAULTY and (copied := self.copied(event)) is not None:
                row = _row(self.columns, copied)  # noqa: PLW2901 (the row that is sent instead)
                place = row[fields.index(key)]  # noqa: PLW2901 (where it is sent)
            values = dict(zip(fields, row, strict=True))
            message = self._message(event, time, assembled(self.contract, values))
            fault = None
            if kind == Kind.FAULTY:
                fault = self.fault_of(event)
                fault.change(message, self._chance("change", event))
            elif kind == Kind.RESERIALISED:
                message = said_otherwise(message, assembled(self.contract, values, nulls=True))
            yield Sending(sent_at, Kind(kind), str(place), message, fault)

    def _message(self, event: int, time: str, data: dict[str, Any]) -> Event:
        return {
            "specversion": "1.0",
            "id": f"{self._id_prefix}{event:07d}",
            "source": f"/simulator/{self.contract.source}",
            "type": self.contract.source,
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        }

    @cached_property
    def _id_prefix(self) -> str:
        """The contract's version is part of an id: events of a changed contract are other events."""
        return f"{self.city.seed}-{self.day:%Y%m%d}-{self.contract.version}-"

    def _other_content(self, event: int) -> tuple[Any, ...]:
        place = int(np.searchsorted(self.conflicting, event))
        return _row(self._conflicts[1], place)

    @cached_property
    def _happened(self) -> tuple[Instants, Given]:
        return self.city.happened(self.day, self._chance("times"), self.scale)

    @cached_property
    def _right(self) -> Rows:
        """What really happened: events that break a rule of uniqueness did not."""
        rows = self.city.rows(self.day, self._happened[0], "events", self._happened[1])
        allowed = np.flatnonzero(~breaking(rows))
        return rows.of(allowed) if len(allowed) < len(rows.times) else rows

    @cached_property
    def _copies(self) -> Copies:
        """Which right events can be said over again, and what for that is refused."""
        return copies(self._right, ~self.faulty)

    @cached_property
    def _conflicts(self) -> tuple[Codes, dict[str, Column]]:
        """Conflicting events and their other content: the same place, everything else drawn anew."""
        chosen = some(np.flatnonzero(~self.faulty), self.rates.conflict, self._chance("conflict"))
        others = self.city.rows(self.day, self.times[chosen], "conflicts", self._kept_of(chosen)).columns
        differs = np.zeros(len(chosen), bool)
        for field, column in others.items():
            differs |= column != self.columns[field][chosen]
        return chosen[differs], {field: column[differs] for field, column in others.items()}

    def _kept_of(self, events: Codes) -> Given:
        """What of these events is the same whatever else they say: their place, their case and its step."""
        right, life = self._right, self.contract.life_cycle
        codes = {name: codes for name, codes in right.codes.items() if name in self.city.place}
        of_case = (life.case, life.step, self.city.recipes[life.step].says.by) if life else ()
        columns = {name: right.columns[name] for name in of_case if name is not None}
        return Given(codes, columns, right.clocks).of(events)

    @cached_property
    def _first(self) -> tuple[Instants, NDArray[np.bool_]]:
        return first_sendings(self.times, self.rates, self._chance)

    @cached_property
    def _faults(self) -> tuple[Fault, ...]:
        return faults(self.contract, self.columns, self.way)

    def _chance(self, *purpose: object) -> np.random.Generator:
        return stream(self.city.seed, self.contract.source, self.day, *purpose)


def _row(columns: Mapping[str, Column], place: int) -> tuple[Any, ...]:
    return tuple(column[place : place + 1].tolist()[0] for column in columns.values())


def said_otherwise(message: Event, data: Mapping[str, Any]) -> Event:
    """The same event from another serialiser: keys in another order, 12 as 12.0."""
    return {name: message[name] for name in reversed(list(message))} | {"data": _otherwise(data)}


def _otherwise(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _otherwise(value[key]) for key in reversed(list(value))}
    if isinstance(value, list):
        return [_otherwise(each) for each in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
