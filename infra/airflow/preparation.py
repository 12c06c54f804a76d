"""Configuration, password and tables of Airflow: brought up to date before it starts. Idempotent."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from datetime import datetime

import psycopg

from infra.airflow.configuration import ADMIN, DATABASE, configuration, home
from infra.airflow.errors import AirflowError, MigrationFailed
from infra.install.environments import LOCKS, VENVS, program
from infra.local.private_file import write_private
from streams.settings import Settings
from streams.zone import ZONE

LAST_LINES = 15
_LATEST = "select version_num from alembic_version"


def environment(settings: Settings) -> dict[str, str]:
    """What Airflow's processes are told; no secret is among it. Tasks call MINSHENG_COMMAND."""
    return {
        "AIRFLOW_HOME": str(home(settings)),
        "AIRFLOW_CONFIG": str(home(settings) / "airflow.cfg"),
        "PATH": f"{VENVS / 'airflow' / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MINSHENG_COMMAND": str(program("minsheng")),
        "MINSHENG_HOME": str(settings.home),
        "MINSHENG_SINCE": since(settings),
        **settings.postgres_environment,
        # glibc keeps an arena for each thread: four processes of Python with many threads each.
        "MALLOC_ARENA_MAX": "2",
    }


def since(settings: Settings) -> str:
    """When this installation's schedules begin (ISO 8601): a new one must not run at once what it missed."""
    file = home(settings) / "since"
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, datetime.now(ZONE).isoformat(timespec="seconds"))
        return file.read_text(encoding="ascii").strip()


def prepare(settings: Settings) -> bool:
    """Write configuration and password, migrate the tables. Whether there was something to migrate.

    Needs role and database `airflow`. Raises MigrationFailed, psycopg.OperationalError.
    """
    write_files(settings)
    stamp = home(settings) / "migrated"
    if stamp.exists() and stamp.read_text(encoding="ascii") == _state(settings):
        return False
    run_airflow(settings, ("db", "migrate"), MigrationFailed)
    stamp.write_text(_state(settings), encoding="ascii")
    return True


def write_files(settings: Settings) -> None:
    """Configuration and the administrator's password, as settings and secrets are now."""
    folder = home(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(folder / "airflow.cfg", configuration(settings))
    write_private(folder / "passwords.json", json.dumps({ADMIN: settings.secret("airflow_admin")}))


def _state(settings: Settings) -> str:
    """Changes with Airflow's version, and with what the database holds: a new one has no revision."""
    lock = hashlib.sha256((LOCKS / "airflow.txt").read_bytes()).hexdigest()
    with psycopg.connect(settings.metadata_dsn(DATABASE), connect_timeout=5) as connection:
        try:
            found = connection.execute(_LATEST).fetchone()
        except psycopg.errors.UndefinedTable:
            found = None
    return f"{lock} {found[0] if found else 'none'}"


def run_airflow(settings: Settings, arguments: Sequence[str], failure: type[AirflowError]) -> None:
    """Run `airflow <arguments>` for this installation. Raises `failure` with its last lines if it fails."""
    result = subprocess.run(
        [str(program("airflow", "airflow")), *arguments],
        env=environment(settings),
        cwd=home(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        said = "\n".join((result.stdout + result.stderr).splitlines()[-LAST_LINES:])
        raise failure(f"`airflow {' '.join(arguments)}` ended with {result.returncode}:\n{said}")
