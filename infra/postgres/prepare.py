"""Everything that the platform needs in a PostgreSQL server: roles, databases, schemas. Idempotent."""

from __future__ import annotations

import psycopg
from psycopg import sql

from infra.errors import DatabaseNotReady
from infra.postgres.migrate import create_database, ensure_database, ensure_role, migrate
from streams.settings import Settings

OLDEST = 15
# Airflow and Superset keep tables of their own: a role and a database each, by that name.
METADATA = ("airflow", "superset")


def may_create(settings: Settings) -> bool:
    """Whether roles and databases are made here: on the embedded server, or with a superuser's password."""
    return settings.postgres_local or settings.postgres_superuser_password is not None


def prepare_database(settings: Settings) -> None:
    """Make roles and databases where that is allowed, then migrate. Raises DatabaseNotReady."""
    if may_create(settings):
        create_database(settings, settings.superuser_dsn)
        create_metadata_databases(settings)
    _check(settings)
    migrate(settings)


def create_metadata_databases(settings: Settings) -> None:
    """A role and a database for Airflow's own tables, and for Superset's; they cannot read each other's."""
    with psycopg.connect(settings.superuser_dsn, autocommit=True) as connection:
        for name in METADATA:
            ensure_role(connection, name, settings.secret(name))
            ensure_database(connection, name, owner=name)
            connection.execute(
                sql.SQL("revoke connect on database {} from public").format(sql.Identifier(name))
            )


def _check(settings: Settings) -> None:
    where = f"{settings.postgres_host}:{settings.postgres_port}"
    try:
        with psycopg.connect(settings.postgres_dsn) as connection:
            found = connection.info.server_version // 10_000
    except psycopg.OperationalError as error:
        raise DatabaseNotReady(
            f"no database {settings.postgres_database} on {where} for {settings.postgres_user}: {error}\n"
            "make it (docs/administrator.md, PostgreSQL and Kafka elsewhere, has the statements), or set"
            " MINSHENG_POSTGRES_SUPERUSER_PASSWORD"
        ) from error
    if found < OLDEST:
        raise DatabaseNotReady(f"PostgreSQL {found} on {where}; {OLDEST} or newer is needed")
