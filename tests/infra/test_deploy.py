"""Deploying contracts: topics, tables, reference rows and the contract itself, once and again."""

from __future__ import annotations

import psycopg
import pytest

from infra.deploy import deploy
from streams.contract.loader import load_contracts
from streams.registry import Registry
from streams.settings import Settings

pytestmark = pytest.mark.servers


def test_deploying_twice_changes_nothing(settings: Settings) -> None:
    contracts = load_contracts(settings.contracts_dir)
    assert deploy(settings, contracts.values()).changes
    again = deploy(settings, contracts.values())
    assert not again.changes, again
    registry = Registry(settings.postgres_dsn)
    deployed = registry.deployed()
    assert deployed.contracts == contracts
    with psycopg.connect(settings.postgres_dsn) as connection:
        print(connection.execute("select count(*) from ops.contract_history").fetchone(), deployed)
    registry.close()
