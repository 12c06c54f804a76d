"""`python -m infra.docker.setup WHAT`: what is made once before services start, and brought up to date later.

    platform   roles, databases, migrations; users and rights in Kafka; the contracts, where nothing is
               deployed yet
    airflow    Airflow's configuration, tables and pool
    superset   Superset's tables, roles and users; the dashboards of what is deployed

Each is idempotent and ends with 0 when everything is as it should be.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from importlib import import_module

from infra.start_line import say
from streams.settings import Settings, settings_or_exit

BROKERS_SECONDS = 60


def set_up_platform(settings: Settings) -> None:
    """The database, then Kafka. Contracts are deployed by hand from the first time on: an image that knows
    others than those that are in service must not change them by being started."""
    from infra.deploy import deploy  # noqa: PLC0415 (each image has what its own set-up needs)
    from infra.postgres.migrate import create_database, migrate  # noqa: PLC0415
    from infra.postgres.prepare import create_metadata_databases  # noqa: PLC0415
    from infra.security.rights import ensure_rights  # noqa: PLC0415
    from streams.contract.loader import load_contracts  # noqa: PLC0415
    from streams.registry import deployed  # noqa: PLC0415

    create_database(settings, settings.superuser_dsn)
    create_metadata_databases(settings)
    migrate(settings)
    _report("the database is up to date")
    changed = ensure_rights(settings)
    _report(f"{len(changed.users)} users in Kafka, {len(changed.granted)} rights granted")
    wait_for_brokers(settings)
    there = deployed(settings).contracts
    if there:
        _report(f"{len(there)} contracts are deployed: left as they are")
        return
    plan = deploy(settings, load_contracts(settings.contracts_dir).values())
    _report(f"{len(plan.contracts)} contracts deployed")


def wait_for_brokers(settings: Settings) -> None:
    """Return once as many brokers are there as topics have replicas, and know the users that were made a
    moment ago: each learns of them by itself. Raises KafkaAway, KafkaRefused."""
    from streams.errors import KafkaAway, KafkaRefused  # noqa: PLC0415
    from streams.topics import admin_client  # noqa: PLC0415

    give_up = time.monotonic() + BROKERS_SECONDS
    while True:
        problem: KafkaAway
        try:
            with admin_client(settings) as admin:
                there = len(admin.describe_cluster()["brokers"])
            if there >= settings.topic_replication:
                return
            problem = KafkaAway(
                f"{there} brokers are there, topics have {settings.topic_replication} replicas"
            )
        except KafkaRefused as refused:
            problem = refused
        if time.monotonic() > give_up:
            raise problem
        time.sleep(1)


def set_up_airflow(settings: Settings) -> None:
    from infra.airflow.errors import MigrationFailed  # noqa: PLC0415
    from infra.airflow.parts import POOL_DESCRIPTION, ROLLUP_POOL  # noqa: PLC0415
    from infra.airflow.preparation import prepare, run_airflow  # noqa: PLC0415

    prepare(settings)
    slots = str(settings.airflow_rollup_slots)
    run_airflow(settings, ("pools", "set", ROLLUP_POOL, slots, POOL_DESCRIPTION), MigrationFailed)
    _report("Airflow's tables are up to date")


def set_up_superset(settings: Settings) -> None:
    superset = import_module("infra.superset.parts")
    (part,) = superset.parts(settings)
    part.prepare()
    _report("Superset's tables are up to date")
    part.afterwards()
    _report("the dashboards are up to date")


def _report(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


WHAT: dict[str, Callable[[Settings], None]] = {
    "platform": set_up_platform,
    "airflow": set_up_airflow,
    "superset": set_up_superset,
}


def main(what: str) -> int:
    settings = settings_or_exit()
    say(f"set-up of {what}", os.environ)
    WHAT[what](settings)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
