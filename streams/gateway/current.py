"""The contracts of this moment, looked up again and again, so that a new source needs no restart."""

from __future__ import annotations

import asyncio

import psycopg
import structlog

from streams.admission import Admission
from streams.contract.errors import ContractError
from streams.gateway.answers import Problem
from streams.registry import Registry
from streams.settings import Settings
from streams.tokens import Tokens

log = structlog.get_logger()


class Current:
    """Admission by the contracts that are deployed; the last known ones while PostgreSQL is away."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = Registry(settings.postgres_dsn)
        self._tokens = Tokens.of(settings.secret("tokens"))
        self._revision: str | None = None
        self._admission: Admission | None = None
        self.fault: str | None = "contracts not looked up yet"

    @property
    def admission(self) -> Admission:
        """Raises Problem while no contract was ever seen."""
        if self._admission is None or not self._admission.contracts:
            raise Problem(
                "not_ready", self.fault or "no contract is deployed: run `minsheng contract deploy`"
            )
        return self._admission

    def look(self) -> None:
        """Look up what is deployed. Raises psycopg.Error, ContractError."""
        deployed = self._registry.deployed()
        if deployed.revision != self._revision:
            self._admission = Admission(deployed.contracts, self._settings.topic_prefix, self._tokens)
            self._revision = deployed.revision
            log.info("contracts", sources=sorted(deployed.contracts), revision=deployed.revision)

    def close(self) -> None:
        self._registry.close()

    async def keep_looking(self, seconds: float) -> None:
        """Look every so often, forever; what fails is logged once and tried again."""
        while True:
            try:
                await asyncio.to_thread(self.look)
                self.fault = None
            except (psycopg.Error, ContractError) as error:
                fault = f"{type(error).__name__}: {error}".strip()
                if fault != self.fault:
                    log.warning("contracts_not_read", error=fault, next="the last known contracts are used")
                self.fault = fault
            await asyncio.sleep(seconds)
