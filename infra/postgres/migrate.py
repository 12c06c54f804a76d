"""The database itself: made with its two roles, then brought to the newest revision by Alembic."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import URL, create_engine

from streams.settings import Settings

NOT_FOR_READERS = ("ops.patch", "ops.original_access")
"""Tables that dashboards cannot read: whole events, and who has seen one."""
MIGRATIONS = Path(__file__).parent / "migrations"


def create_database(settings: Settings, superuser_dsn: str) -> None:
    """Make owner, reader and database unless they exist; passwords follow the secrets. Idempotent."""
    roles = {
        settings.postgres_user: str(psycopg.conninfo.conninfo_to_dict(settings.postgres_dsn)["password"]),
        settings.postgres_reader: settings.secret("reader"),
    }
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, password in roles.items():
            ensure_role(connection, role, password)
        ensure_database(connection, settings.postgres_database, owner=settings.postgres_user)


def ensure_role(connection: psycopg.Connection, role: str, password: str) -> None:
    """Make a role that may log in, or give the one there is that password."""
    exists = connection.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone()
    statement = "alter role {} login password {}" if exists else "create role {} login password {}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(role), sql.Literal(password)))


def ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    """Make a database unless there is one."""
    if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
        return
    statement = sql.SQL("create database {} owner {} template template0 encoding 'UTF8'")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(owner)))


def migrate(settings: Settings) -> None:
    """Bring the schemas to the newest revision and let the reader read them. Idempotent."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    parts = {key: str(part) for key, part in psycopg.conninfo.conninfo_to_dict(settings.postgres_dsn).items()}
    url = URL.create(
        "postgresql+psycopg",
        username=parts["user"],
        password=parts["password"],
        host=parts["host"],
        port=int(parts["port"]),
        database=parts["dbname"],
        query=settings.postgres_tls,
    )
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    _grant_reader(settings)


def revisions(connection: psycopg.Connection) -> tuple[str | None, str | None]:
    """The revision of the database (None: it has none) and the newest that the code knows."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    newest = ScriptDirectory.from_config(config).get_current_head()
    if connection.execute("select to_regclass('public.migration')").fetchone() == (None,):
        return None, newest
    row = connection.execute("select version_num from public.migration").fetchone()
    return (row[0] if row else None), newest


def known_revisions() -> frozenset[str]:
    """Every revision that this code can migrate from."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return frozenset(each.revision for each in ScriptDirectory.from_config(config).walk_revisions())


def _grant_reader(settings: Settings) -> None:
    reader, owner = sql.Identifier(settings.postgres_reader), sql.Identifier(settings.postgres_user)
    with psycopg.connect(settings.postgres_dsn, autocommit=True) as connection:
        for schema in ("live", "mart", "ops", "ref"):
            for statement in (
                "grant usage on schema {schema} to {reader}",
                "grant select on all tables in schema {schema} to {reader}",
                "alter default privileges for role {owner} in schema {schema}"
                " grant select on tables to {reader}",
            ):
                connection.execute(
                    sql.SQL(statement).format(schema=sql.Identifier(schema), reader=reader, owner=owner)
                )
        for table in NOT_FOR_READERS:
            connection.execute(
                sql.SQL("revoke all on {table} from {reader}").format(
                    table=sql.Identifier(*table.split(".")), reader=reader
                )
            )
