"""Which sources and days can be simulated now."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import psycopg

from streams.contract.model import Contract
from streams.days import day_of
from streams.registry import Registry
from streams.simulator.city import City
from streams.simulator.errors import DayRefused, RegistryAway, UnknownSource
from streams.simulator.schedule import midnight

LOOK_SECONDS = 2.0


def chosen(contracts: Mapping[str, Contract], sources: Sequence[str] | None) -> list[Contract]:
    """The contracts of those sources, or all. Raises UnknownSource."""
    for source in sources or ():
        if source not in contracts:
            raise UnknownSource(f"there is no contract {source}; there are {', '.join(contracts) or 'none'}")
    if not contracts:
        raise UnknownSource("no contract is deployed: `minsheng contract deploy` first")
    return [contract for source, contract in contracts.items() if not sources or source in sources]


def refuse_unacceptable(day: date, contracts: Sequence[Contract], now: datetime) -> None:
    """Return when the day is over and its events would be accepted now. Raises DayRefused."""
    if day >= day_of(now):
        raise DayRefused(
            f"{day} is not over. `minsheng simulate run` simulates today at the pace of the clock."
        )
    for contract in contracts:
        past = contract.accept.past
        if now.timestamp() - midnight(day) / 1_000_000 > past / timedelta(seconds=1):
            raise DayRefused(
                f"{day} is more than {past.days} days ago, which {contract.source} does not accept: every"
                " event would be quarantined. Take a later day, or a contract with a wider `accept`."
            )


class Cities:
    """The cities of the contracts that are deployed at this moment; looked up every few seconds."""

    def __init__(self, registry: Registry, sources: Sequence[str] | None, seed: int) -> None:
        self._registry, self._sources, self._seed = registry, sources, seed
        self._cities: dict[str, City] = {}
        self._look_at = 0.0

    def __call__(self) -> Mapping[str, City]:
        """By source. While PostgreSQL is away, those of before; raises RegistryAway where there are none."""
        if time.monotonic() >= self._look_at:
            self._look()
            self._look_at = time.monotonic() + LOOK_SECONDS
        return self._cities

    def _look(self) -> None:
        try:
            contracts = self._registry.deployed().contracts
        except psycopg.Error as error:
            if self._cities:
                return
            raise RegistryAway(f"deployed contracts cannot be read: {error}") from error
        self._cities = {
            source: self._kept(contract)
            for source, contract in contracts.items()
            if not self._sources or source in self._sources
        }

    def _kept(self, contract: Contract) -> City:
        known = self._cities.get(contract.source)
        return known if known and known.contract.version == contract.version else City(contract, self._seed)
