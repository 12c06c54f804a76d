"""All checks in the order in which a person would want to read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from infra.local.checks import exposure, installation, machine, running, servers
from infra.local.checks.finding import Finding, Place, wrong

CHECKS: dict[str, Callable[[Place], Finding]] = {
    "system": machine.system,
    "python": machine.python,
    "memory": machine.memory,
    "disk": machine.disk,
    "java": machine.java,
    "other javas": machine.first_java,
    "host name": machine.host_name,
    "open files": machine.open_files,
    "clock": machine.clock,
    "settings": installation.known_settings,
    "environments": installation.environments_match,
    "jars": installation.jars_match,
    "home": installation.home_writable,
    "home's path": installation.home_path,
    "secrets": installation.secrets_there,
    "secrets' modes": installation.secrets_private,
    "postgres' reach": installation.postgres_reach,
    "postgres' company": installation.postgres_alone,
    "postgres' data": installation.one_database,
    "ports": running.ports,
    "memory to start": running.enough_memory,
    "supervisor": running.supervisor,
    "left behind": running.left_behind,
    "parts": running.parts_healthy,
    "kafka": running.kafka,
    "database": running.database,
    "connections": servers.connections,
    "reader": servers.reader,
    "topics": servers.topics,
    "replicas": servers.replicas,
    "lateness": servers.lateness,
    "lake": servers.lake_writable,
    "airflow's zone": servers.airflow_zone,
    "dashboards' role": servers.dashboards_role,
    "set aside": servers.set_aside,
    "listening": exposure.listening,
    "certificates": exposure.certificates,
    "received times": running.received_times,
    "ledger": running.ledger,
}


def examine(place: Place) -> Iterator[tuple[str, Finding]]:
    """Every check's name and finding, one by one. A check that fails itself is a finding, not an end."""
    for name, check in CHECKS.items():
        try:
            yield name, check(place)
        except Exception as error:  # noqa: BLE001 (the others must still be seen)
            yield (
                name,
                wrong(f"the check itself failed: {type(error).__name__} {error}", "please report this"),
            )
