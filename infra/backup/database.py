"""The database, by PostgreSQL's own pg_dump and pg_restore."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.backup.errors import BackupFailed, BackupRefused
from infra.local.postgres import programs
from streams.settings import Settings

SCHEMAS = ("live", "mart", "ops", "ref")
MIGRATION = "migration"
_KEPT = re.compile(r".*_before_\d{14}")


def program(settings: Settings, name: str) -> Path:
    """pg_dump or pg_restore: the embedded server's own, or for a server elsewhere the first one on PATH: the
    embedded server's programs are built without TLS. Raises BackupRefused where there is none."""
    if settings.postgres_local:
        return programs() / name
    found = shutil.which(name)
    if found is None:
        raise BackupRefused(
            f"There is no {name} on PATH, and PostgreSQL is elsewhere: install the client programs of its"
            " version (Debian: postgresql-client), then call this again."
        )
    return Path(found)


def dump(settings: Settings, snapshot: str, to: Path) -> None:
    """The platform's schemas as that snapshot sees them, in pg_dump's custom format. Raises BackupFailed."""
    kept = [f"--exclude-schema={schema}_before_*" for schema in SCHEMAS]
    _run(
        settings,
        program(settings, "pg_dump"),
        ["--format=custom", "--compress=6", "--no-owner", f"--snapshot={snapshot}", *kept, f"--file={to}"],
    )


def load(settings: Settings, dumped: Path) -> None:
    """Restore a dump into a database without the platform's schemas: all of it, or nothing."""
    arguments = ["--no-owner", "--single-transaction", "--exit-on-error", str(dumped)]
    _run(settings, program(settings, "pg_restore"), arguments)


def _run(settings: Settings, path: Path, arguments: Sequence[str]) -> None:
    parts = {name: str(value) for name, value in conninfo_to_dict(settings.postgres_dsn).items()}
    password = parts.pop("password")  # by the environment: command lines are seen by everybody
    command = [str(path), f"--dbname={make_conninfo(**parts)}", *arguments]
    environment = {**os.environ, "PGPASSWORD": password}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise BackupFailed(
            f"{path.name} ended with exit code {ended.returncode}: {ended.stderr.strip()[-2000:]}"
        )


def set_aside(connection: psycopg.Connection, stamp: str) -> list[str]:
    """Rename the schemas that are there, so that a restore deletes nothing; gives back their new names.

    In the caller's transaction. An empty set of schemas, as a new installation has, is dropped instead.
    """
    there = [
        schema
        for schema in SCHEMAS
        if connection.execute("select to_regnamespace(%s) is not null", (schema,)).fetchone() == (True,)
    ]
    migrated = connection.execute("select to_regclass('public.migration') is not null").fetchone() == (True,)
    if not is_lived_in(connection):
        for schema in there:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        if migrated:
            connection.execute("drop table public.migration")
        return []
    names = {schema: f"{schema}_before_{stamp}" for schema in there}
    for schema, name in names.items():
        rename = sql.SQL("alter schema {} rename to {}")
        connection.execute(rename.format(sql.Identifier(schema), sql.Identifier(name)))
    if migrated:
        move = sql.SQL("alter table public.migration set schema {}")
        connection.execute(move.format(sql.Identifier(names["ops"])))
    return list(names.values())


def is_lived_in(connection: psycopg.Connection) -> bool:
    """Whether anything was ever deployed or read here; a database that was only migrated is empty."""
    if connection.execute("select to_regclass('ops.position') is null").fetchone() == (True,):
        return False
    return connection.execute(
        "select exists (select from ops.position) or exists (select from ops.contract)"
    ).fetchone() == (True,)


def kept_aside(connection: psycopg.Connection) -> list[str]:
    """Schemas that restores have set aside and that nobody has dropped."""
    rows = connection.execute("select nspname from pg_namespace order by 1").fetchall()
    return [name for (name,) in rows if _KEPT.fullmatch(name)]
