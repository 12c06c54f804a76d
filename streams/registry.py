"""Contracts as they are deployed: what live query, gateway, rollup and dashboards go by."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

import psycopg

from streams.contract.errors import ContractError
from streams.contract.loader import parse_contract
from streams.contract.model import Contract
from streams.settings import Settings

TABLE = "ops.contract"
_VERSIONS = "select source, number, version from ops.contract where retired_at is null order by source"
_TEXTS = "select source, text from ops.contract where retired_at is null and source = any(%s)"


@dataclass(frozen=True)
class Deployed:
    """What is deployed at one moment.

    contracts: by source. numbers: source -> its small number in ops.claim, never given again.
    revision: 12 hex digits that change whenever a contract is deployed, changed or retired.
    """

    contracts: Mapping[str, Contract]
    numbers: Mapping[str, int]
    revision: str


NOTHING = Deployed(MappingProxyType({}), MappingProxyType({}), "0" * 12)


@dataclass(frozen=True)
class Retired:
    """A source that was taken out of service, and when."""

    contract: Contract
    at: datetime


@dataclass(frozen=True)
class Known:
    """Every source that was ever deployed, by source.

    unreadable: source -> the first thing in its stored contract that this version of the platform does not
    understand.
    """

    deployed: Mapping[str, Contract]
    retired: Mapping[str, Retired]
    unreadable: Mapping[str, str]

    @property
    def contracts(self) -> dict[str, Contract]:
        """Those in service and those that were retired."""
        return {**self.deployed, **{source: each.contract for source, each in self.retired.items()}}


def known(connection: psycopg.Connection) -> Known:
    """What is and what was in service. For those to whom an unreadable contract is no reason to stop."""
    rows = connection.execute("select source, text, retired_at from ops.contract order by source").fetchall()
    deployed, retired, unreadable = dict[str, Contract](), dict[str, Retired](), dict[str, str]()
    for source, text, retired_at in rows:
        try:
            contract = parse_contract(text, f"{TABLE}[{source}]")
        except ContractError as error:
            unreadable[source] = str(error.problems[0])
            continue
        if retired_at is None:
            deployed[source] = contract
        else:
            retired[source] = Retired(contract, retired_at)
    return Known(deployed, retired, unreadable)


def everything(settings: Settings) -> Known:
    """`known` over a connection that is closed again. Raises psycopg.OperationalError."""
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        return known(connection)


def ever_deployed(settings: Settings) -> dict[str, Contract]:
    """Those in service and those that were retired: what days are rolled up by, and what names have titles.

    Raises what Registry raises.
    """
    retired = {source: each.contract for source, each in everything(settings).retired.items()}
    return {**retired, **deployed(settings).contracts}


def deployed(settings: Settings) -> Deployed:
    """The contracts of this moment, over a connection that is closed again. Raises what Registry raises.

    Who asks again and again keeps a Registry.
    """
    with closing(Registry(settings.postgres_dsn)) as registry:
        return registry.deployed()


@dataclass
class Registry:
    """Reads ops.contract over a connection of its own, kept open. Safe to share between threads.

    Made to be asked often: one small query each time; only contracts whose version changed are parsed again.
    """

    dsn: str = field(repr=False)
    _connection: psycopg.Connection | None = field(default=None, init=False, repr=False)
    _latest: Deployed = field(default=NOTHING, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def deployed(self) -> Deployed:
        """The contracts of this moment; the same object as long as nothing changes.

        Raises psycopg.OperationalError where PostgreSQL is away, ContractError where a deployed contract is
        one that this version of the platform cannot read.
        """
        with self._lock:
            try:
                self._latest = self._read(self._open())
            except psycopg.OperationalError:
                # The server may have been restarted since the last call: once more, on a new connection.
                self._close()
                self._latest = self._read(self._open())
            return self._latest

    def close(self) -> None:
        with self._lock:
            self._close()

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self.dsn, autocommit=True, application_name="registry")
        return self._connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(self, connection: psycopg.Connection) -> Deployed:
        rows = connection.execute(_VERSIONS).fetchall()
        revision = hashlib.sha256(repr(rows).encode()).hexdigest()[:12]
        if revision == self._latest.revision:
            return self._latest
        versions = {source: version for source, _, version in rows}
        known = {
            source: contract
            for source, contract in self._latest.contracts.items()
            if versions.get(source) == contract.version
        }
        changed = [source for source in versions if source not in known]
        for source, text in connection.execute(_TEXTS, (changed,)).fetchall():
            known[source] = parse_contract(text, f"{TABLE}[{source}]")
        contracts = {source: known[source] for source in versions if source in known}
        numbers = {source: number for source, number, _ in rows}
        return Deployed(MappingProxyType(contracts), MappingProxyType(numbers), revision)
