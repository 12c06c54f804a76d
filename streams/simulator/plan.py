"""When each of a day's events is sent, how often, and in what state. Pure numbers; no event is made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from streams.simulator.population import Codes
from streams.simulator.schedule import DAY_US, HOUR_US, Instants

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
LATEST_US = 2 * DAY_US
"""An event is sent for the first time at most so long after it happened ..."""

LAST_REPEAT_US = DAY_US
"""... and once more at most so long after that."""

Chances = Callable[[str], np.random.Generator]


class Kind(IntEnum):
    """What a sending is: an event for the first time, right or with a fault, or once more."""

    GOOD = 0
    FAULTY = 1
    RESENT = 2
    RESERIALISED = 3
    CONFLICTING = 4


@dataclass(frozen=True)
class Rates:
    """Shares of a day's events. Duplicates and conflicts are sent beside the events that they repeat.

    late: sent minutes to two days after they happened; duplicate: sent once more, half of them byte for byte;
    conflict: the id once more with other content; faulty: sent with a fault.
    """

    late: float = 0.02
    duplicate: float = 0.01
    conflict: float = 0.0005
    faulty: float = 0.005

    def __post_init__(self) -> None:
        for name, rate in vars(self).items():
            if not 0.0 <= rate <= 1.0:
                raise ValueError(f"the rate `{name}` is {rate}: it is a share from 0 to 1")


USUAL = Rates()


@dataclass(frozen=True, eq=False)
class Plan:
    """Sendings in order. at: microseconds since 1970 UTC; kind: of Kind; event: place among the events."""

    at: Instants
    kind: NDArray[np.uint8]
    event: Codes


def first_sendings(times: Instants, rates: Rates, chances: Chances) -> tuple[Instants, NDArray[np.bool_]]:
    """When each event is sent for the first time, and whether that is late.

    An event needs some hundred milliseconds to come; a late one waits for a connection: two of three for
    hours of the same day, one of three until the days after.
    """
    travel = (chances("travel").lognormal(np.log(0.25), 0.6, len(times)).clip(0.02, 5.0) * SECOND_US).astype(
        np.int64
    )
    chance = chances("late")
    late = chance.random(len(times)) < rates.late
    hours = 5 * MINUTE_US + chance.exponential(2.0, len(times)) * HOUR_US
    days = DAY_US / 3 + chance.random(len(times)) * DAY_US
    delay = np.where(chance.random(len(times)) < 2 / 3, hours, days).clip(0, LATEST_US - 10 * SECOND_US)
    return times + travel + np.where(late, delay.astype(np.int64), 0), late


def some(right: Codes, rate: float, chance: np.random.Generator) -> Codes:
    """A share of the events that are right."""
    return right[chance.random(len(right)) < rate]


def repeats(first: Instants, chance: np.random.Generator) -> Instants:
    """When events are sent once more: seconds to minutes later, three of ten up to a day."""
    soon = SECOND_US + chance.exponential(3.0, len(first)) * MINUTE_US
    far = SECOND_US + chance.random(len(first)) * (LAST_REPEAT_US - SECOND_US)
    later = np.where(chance.random(len(first)) < 0.7, soon, far).clip(0, LAST_REPEAT_US)  # noqa: PLR2004 (a share)
    return first + later.astype(np.int64)


def plan(
    first: Instants, faulty: NDArray[np.bool_], repeated: Codes, conflicting: Codes, chances: Chances
) -> Plan:
    """All sendings of a day in the order in which they are sent; an event comes before what repeats it."""
    chance = chances("repeats")
    exact = chance.random(len(repeated)) < 0.5  # noqa: PLR2004 (a share)
    at = np.concatenate((first, repeats(first[repeated], chance), repeats(first[conflicting], chance)))
    kind = np.concatenate(
        (
            np.where(faulty, Kind.FAULTY, Kind.GOOD),
            np.where(exact, Kind.RESENT, Kind.RESERIALISED),
            np.full(len(conflicting), Kind.CONFLICTING),
        )
    ).astype(np.uint8)
    event = np.concatenate((np.arange(len(first)), repeated, conflicting)).astype(np.int64)
    order = np.argsort(at, kind="stable")
    return Plan(at[order], kind[order], event[order])
