"""The bundle: every asset file that Superset is to hold, derived from the deployed contracts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import yaml

from infra.superset.assets import DATABASE, VERSION, Dashboard, Filter, stable_uuid
from infra.superset.layout import dashboard_asset
from infra.superset.pages.daily import daily
from infra.superset.pages.differences import differences_page
from infra.superset.pages.ledger import ledger_page
from infra.superset.pages.overview import overview
from infra.superset.pages.quarantine import quarantine_page
from infra.superset.pages.source import marked, retired_page, source_page
from streams.contract.model import Contract

STATEMENT_TIMEOUT_SECONDS = 15
DATABASE_FILE = f"databases/{DATABASE}.yaml"
METADATA_FILE = "metadata.yaml"
# Superset asks for a time; a constant one, or two bundles of the same contracts would differ.
TIMESTAMP = "2026-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Connection:
    """Where the readers' role finds the data. The password is not part of a bundle."""

    host: str
    port: int
    database: str
    role: str


def pages(
    contracts: Mapping[str, Contract],
    topic_prefix: str,
    retired: Mapping[str, Contract] = MappingProxyType({}),
) -> tuple[Dashboard, ...]:
    """The hand-made pages and one for each contract. What was published of a retired one stays on pages."""
    kept = {source: marked(contract) for source, contract in retired.items()}
    every = {**contracts, **kept}
    return (
        overview(contracts, topic_prefix),
        *(source_page(contract, contracts, every) for contract in contracts.values()),
        *(retired_page(contract, every) for contract in kept.values()),
        daily(every),
        differences_page(every),
        ledger_page(every, topic_prefix),
        quarantine_page(every),
    )


def bundle(
    contracts: Mapping[str, Contract],
    connection: Connection,
    topic_prefix: str,
    retired: Mapping[str, Contract] = MappingProxyType({}),
) -> dict[str, str]:
    """Path -> YAML text of every asset, the same for the same arguments.

    Contracts are taken in the order of their names, so that the order of deployment changes nothing.
    """
    ordered = {source: contracts[source] for source in sorted(contracts)}
    dashboards = pages(ordered, topic_prefix, {source: retired[source] for source in sorted(retired)})
    charts = {chart.key: chart for page in dashboards for chart in page.charts}
    datasets = {chart.dataset.key: chart.dataset for chart in charts.values()}
    datasets |= {
        each.dataset.key: each.dataset
        for page in dashboards
        for each in page.filters
        if isinstance(each, Filter)
    }
    assets: dict[str, dict[str, Any]] = {
        METADATA_FILE: {"version": VERSION, "type": "assets", "timestamp": TIMESTAMP},
        DATABASE_FILE: database_asset(connection),
    }
    assets |= {f"datasets/{DATABASE}/{_file(key)}": each.asset() for key, each in datasets.items()}
    assets |= {f"charts/{_file(key)}": each.asset() for key, each in charts.items()}
    assets |= {f"dashboards/{_file(each.slug)}": dashboard_asset(each) for each in dashboards}
    return {path: _yaml(assets[path]) for path in sorted(assets)}


def database_asset(connection: Connection) -> dict[str, Any]:
    """The connection that dashboards read by: a role that can only read, a limit to what a query may take."""
    options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_SECONDS}s -c default_transaction_read_only=on"
        " -c timezone=UTC"
    )
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": (
            f"postgresql+psycopg2://{connection.role}:XXXXXXXXXX@{connection.host}:{connection.port}"
            f"/{connection.database}"
        ),
        "cache_timeout": None,
        "expose_in_sqllab": False,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "engine_params": {"connect_args": {"options": options, "application_name": "superset"}},
        },
        "uuid": stable_uuid("database", DATABASE),
        "version": VERSION,
    }


def _file(key: str) -> str:
    return key.replace(" ", "_") + ".yaml"


def _yaml(asset: dict[str, Any]) -> str:
    return str(yaml.dump(asset, Dumper=_DUMPER, allow_unicode=True, sort_keys=False, width=10_000))


# libyaml where PyYAML was built with it: sixteen sources have some seven hundred files.
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
