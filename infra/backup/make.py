"""Making a backup while everything runs: a snapshot of PostgreSQL, and the lake as that snapshot knows it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from infra.backup import database, lake, manifest
from infra.backup.errors import BackupRefused
from infra.postgres.migrate import revisions
from spark_jobs.lake import TABLE
from streams.settings import Settings
from streams.version import platform_version

DUMP, LAKE, CONTRACTS = "database.dump", "lake", "contracts"
SECRETS = ("secrets", "certificates")
SPARE = 1.1
"""Free disk that is asked for: so many times what is going to be written."""
Told = Callable[[str, int, int], None]
"""What is being done, bytes done, bytes in all (0: not known)."""


@dataclass(frozen=True)
class Planned:
    """What a backup would hold: bytes of the lake, and of the database before it is compressed."""

    lake_version: int | None
    lake_files: int
    lake_bytes: int
    database_bytes: int

    @property
    def bytes(self) -> int:
        return self.lake_bytes + self.database_bytes


def plan(settings: Settings, connection: psycopg.Connection) -> Planned:
    """What a backup made now would hold."""
    (size,) = connection.execute("select pg_database_size(current_database())").fetchone() or (0,)
    seen = lake.snapshot(settings.lake_dir, _step(connection))
    if seen is None:
        return Planned(None, 0, 0, size)
    table = settings.lake_dir / TABLE
    return Planned(seen.version, len(seen.data), seen.bytes(table), size)


def make(settings: Settings, to: Path, told: Told = lambda *_: None) -> manifest.Manifest:
    """Write a backup to the folder `to`, which must not exist; it appears there only when it is whole.

    Raises BackupRefused, BackupFailed, psycopg.OperationalError.
    """
    _demand_new(to)
    draft = to.with_name(f"{to.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    with psycopg.connect(settings.postgres_dsn, application_name="minsheng backup") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        (snapshot,) = connection.execute("select pg_export_snapshot()").fetchone() or ("",)
        planned = plan(settings, connection)
        _demand_room(to.parent, planned)
        draft.mkdir(parents=True, mode=0o700)
        told("database", 0, 0)
        database.dump(settings, snapshot, draft / DUMP)
        facts = _facts(settings, connection)
        wanted = lake.snapshot(settings.lake_dir, facts.archive_step)
    if wanted is not None:
        _copy_lake(settings, wanted, draft / LAKE, told)
    if settings.contracts_dir.is_dir():
        shutil.copytree(settings.contracts_dir, draft / CONTRACTS)
    done = _with_checksums(facts, wanted.version if wanted else None, draft, told)
    done.write(draft)
    draft.rename(to)
    return done


def save_secrets(settings: Settings, to: Path) -> list[str]:
    """Copy secrets and certificates to a folder of their own, mode 0700; gives back the files."""
    _demand_new(to)
    to.mkdir(parents=True, mode=0o700)
    for name in SECRETS:
        if (settings.home / name).is_dir():
            shutil.copytree(settings.home / name, to / name)
    for path in (to, *to.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    return [str(path.relative_to(to)) for path in manifest.files_of(to)]


def _copy_lake(settings: Settings, wanted: lake.Snapshot, to: Path, told: Told) -> None:
    total, done = wanted.bytes(settings.lake_dir / TABLE), 0

    def count(copied: int) -> None:
        nonlocal done
        done += copied
        told("lake", done, total)

    lake.copy(settings.lake_dir, wanted, to, count)
    lake.check(to, wanted.version)


def _with_checksums(
    facts: manifest.Manifest, lake_version: int | None, draft: Path, told: Told
) -> manifest.Manifest:
    paths = list(manifest.files_of(draft))
    total, done = sum(path.stat().st_size for path in paths), 0

    def count(read: int) -> None:
        nonlocal done
        done += read
        told("checksums", done, total)

    files = {str(path.relative_to(draft)): manifest.entry(path, count) for path in paths}
    return manifest.Manifest(**{**vars(facts), "lake_version": lake_version, "files": files})


def _facts(settings: Settings, connection: psycopg.Connection) -> manifest.Manifest:
    found: dict[str, dict[str, dict[str, int]]] = {}
    rows = connection.execute(
        "select query, topic, partition, next_offset from ops.position order by 1, 2, 3"
    )
    for query, topic, partition, offset in rows:
        found.setdefault(query, {}).setdefault(topic, {})[str(partition)] = offset
    return manifest.Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=platform_version(),
        schema=revisions(connection)[0] or "",
        postgres=connection.info.server_version // 10_000,
        topic_prefix=settings.topic_prefix,
        positions=found,
        lake_version=None,
        archive_step=_step(connection),
        files={},
    )


def _step(connection: psycopg.Connection) -> int:
    """The last step that the archive has announced or done, as this transaction sees it."""
    (step,) = connection.execute("select coalesce(max(version), 0) from ops.intent").fetchone() or (0,)
    return int(step)


def _demand_new(to: Path) -> None:
    if to.exists():
        raise BackupRefused(
            f"{to} is there already: name a folder that is not, backups are never overwritten."
        )
    if not to.parent.is_dir():
        raise BackupRefused(f"{to.parent} is no folder: make it, or mount the disk that it stands for.")


def _demand_room(folder: Path, planned: Planned) -> None:
    free = shutil.disk_usage(folder).free
    if free < planned.bytes * SPARE:
        raise BackupRefused(
            f"{free / 2**30:.1f} GiB are free at {folder}, the backup takes up to {planned.bytes / 2**30:.1f}"
            " GiB: free some, or name a folder on a larger disk."
        )
