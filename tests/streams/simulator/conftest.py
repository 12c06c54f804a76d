from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

import pytest

from streams.contract.loader import load_contracts
from streams.contract.model import Contract
from streams.settings import REPOSITORY
from streams.simulator.city import City
from streams.simulator.day import SimulatedDay
from streams.simulator.plan import Rates

CONTRACTS = load_contracts(REPOSITORY / "streams" / "contracts")
EVENTS = 700
"""About so many events has a day of any source unless told otherwise."""
FRIDAY = date(2022, 6, 10)

Day = Callable[..., SimulatedDay]


@pytest.fixture(params=sorted(CONTRACTS))
def contract(request: pytest.FixtureRequest) -> Contract:
    """Each of the platform's contracts in turn."""
    return CONTRACTS[request.param]


@pytest.fixture
def simulated(contract: Contract) -> Day:
    """Makes a day of the contract at hand, small unless told otherwise, with much that goes wrong."""

    def make(
        day: date = FRIDAY, *, seed: int = 1, scale: float | None = None, **options: Any
    ) -> SimulatedDay:
        scale = scale or EVENTS / contract.expect.per_day
        options.setdefault("rates", Rates(late=0.1, duplicate=0.1, conflict=0.05, faulty=0.1))
        return SimulatedDay(city(contract.source, seed), day, scale, **options)

    return make


@cache
def city(source: str, seed: int) -> City:
    """Cities are costly, and do not change."""
    return City(CONTRACTS[source], seed)
