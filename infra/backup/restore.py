"""Restoring a backup. Nothing is deleted: what was lived in is set aside, under names that are told.

Events that were received after the backup are not in it. Kafka has them as long as it keeps them: the queries
begin where the restored database says that they stood, so that each of them counts, and none twice.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from infra.backup import database, lake, manifest
from infra.backup.errors import BackupRefused, BackupUnusable
from infra.backup.make import CONTRACTS, DUMP, LAKE, SECRETS
from infra.postgres.migrate import known_revisions, migrate
from spark_jobs import fence
from spark_jobs.cluster import Cluster
from spark_jobs.errors import FencedOff, PositionLost
from spark_jobs.positions import load, start
from streams.errors import KafkaAway
from streams.settings import Settings

QUERIES = ("live", "archive")
FENCE_SECONDS = 2.0
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Restored:
    """set_aside: what was there before, and is kept. kafka: whether Kafka has what came after the backup."""

    made_at: str
    set_aside: tuple[str, ...]
    lake_files: int
    kafka: str


def verified(folder: Path, told: Told = lambda *_: None) -> manifest.Manifest:
    """The manifest of a backup that is whole and that this version can restore. Raises BackupUnusable."""
    found = manifest.read(folder)
    total, done = found.bytes, 0

    def count(read: int) -> None:
        nonlocal done
        done += read
        told(done, total)

    wrong = manifest.problems(folder, found, count)
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""  # noqa: PLR2004 (shown)
        raise BackupUnusable(f"{folder} is damaged: {'; '.join(wrong[:5])}{more}. Take another backup.")
    if found.schema not in known_revisions():
        raise BackupUnusable(
            f"{folder} was made by version {found.version}, whose tables ({found.schema}) this version does"
            " not know: restore it with that version or a newer one."
        )
    return found


def restore_secrets(settings: Settings, folder: Path) -> None:
    """Put secrets and certificates where they belong. Raises BackupRefused where other ones are there."""
    if not (folder / "secrets").is_dir():
        raise BackupUnusable(
            f"{folder} holds no secrets: `minsheng backup --secrets` wrote a folder `secrets`."
        )
    for name in SECRETS:
        source, target = folder / name, settings.home / name
        if not source.is_dir():
            continue
        target.mkdir(mode=0o700 if name == "secrets" else 0o755, parents=True, exist_ok=True)
        for path in manifest.files_of(source):
            place = target / path.name
            if place.exists() and place.read_bytes() != path.read_bytes():
                raise BackupRefused(
                    f"{place} is there already and is another one: move {target} away if this installation"
                    " shall have the secrets of the backup."
                )
            shutil.copyfile(path, place)
            place.chmod(0o644 if place.suffix == ".pem" else 0o600)


def restore(
    settings: Settings, folder: Path, found: manifest.Manifest, *, replace: bool, stamp: str | None = None
) -> Restored:
    """Restore a verified backup into a server that answers. Raises BackupRefused, BackupFailed."""
    stamp = stamp or f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    aside: list[str] = []
    with ExitStack() as held:
        _fence_off(settings, held)
        with psycopg.connect(settings.postgres_dsn) as connection:
            _demand_fit(settings, found, connection, replace=replace)
            files = _place_lake(settings, folder, found, stamp, aside)
            aside += database.set_aside(connection, stamp)
        database.load(settings, folder / DUMP)
        migrate(settings)
    _place_contracts(settings, folder)
    return Restored(found.made_at, tuple(aside), files, kafka_says(settings))


def obstacles(settings: Settings, found: manifest.Manifest, *, replace: bool) -> list[str]:
    """What a restore would refuse, without doing anything."""
    with psycopg.connect(settings.postgres_dsn) as connection, ExitStack() as held:
        try:
            _fence_off(settings, held)
            _demand_fit(settings, found, connection, replace=replace)
        except BackupRefused as refused:
            return [str(refused)]
    return []


def kafka_says(settings: Settings) -> str:
    """Whether Kafka still has every event after the restored positions, in a sentence."""
    try:
        with psycopg.connect(settings.postgres_dsn) as connection, Cluster(settings) as cluster:
            for query in QUERIES:
                start(cluster, settings.topic_prefix, load(connection, query))
    except KafkaAway:
        return "Kafka does not answer: whether it has what came after the backup will be seen at the start"
    except PositionLost as lost:
        return f"events after the backup are lost, or Kafka is another one: {lost}"
    return "Kafka has every event after the backup: they are read again, and each counts once"


def _fence_off(settings: Settings, held: ExitStack) -> None:
    try:
        for query in QUERIES:
            held.enter_context(fence.connect(settings.postgres_dsn, query, FENCE_SECONDS))
    except FencedOff as running:
        raise BackupRefused(
            f"This installation is alive: {running} `minsheng down` stops it; then this again."
        ) from running


def _demand_fit(
    settings: Settings, found: manifest.Manifest, connection: psycopg.Connection, *, replace: bool
) -> None:
    server = connection.info.server_version // 10_000
    if server < found.postgres:
        raise BackupRefused(
            f"The backup is of PostgreSQL {found.postgres}, the server is {server}: restore into"
            f" {found.postgres} or newer."
        )
    if settings.topic_prefix != found.topic_prefix:
        raise BackupRefused(
            f"The backup's topics begin with {found.topic_prefix!r}, MINSHENG_TOPIC_PREFIX is"
            f" {settings.topic_prefix!r}: set it as it was."
        )
    there = [str(settings.lake_dir)] if _has_lake(settings) else []
    if database.is_lived_in(connection):
        there.append(f"database {settings.postgres_database}")
    if there and not replace:
        raise BackupRefused(
            f"There is an installation already ({', '.join(there)}). --replace sets it aside,"
            " deletes nothing, and takes its place."
        )


def _has_lake(settings: Settings) -> bool:
    return settings.lake_dir.is_dir() and any(settings.lake_dir.iterdir())


def _place_lake(
    settings: Settings, folder: Path, found: manifest.Manifest, stamp: str, aside: list[str]
) -> int:
    target = settings.lake_dir
    draft = target.with_name(f"{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    files = 0
    if found.lake_version is not None:
        shutil.copytree(folder / LAKE, draft)
        files = lake.check(draft, found.lake_version)
    if _has_lake(settings):
        kept = target.with_name(f"{target.name}_before_{stamp}")
        target.rename(kept)
        aside.append(str(kept))
    elif target.is_dir():
        target.rmdir()
    if draft.is_dir():
        draft.rename(target)
    return files


def _place_contracts(settings: Settings, folder: Path) -> None:
    """Contract files, where this installation has none: what is deployed stands in the database."""
    target = settings.contracts_dir
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        shutil.copytree(folder / CONTRACTS, target, dirs_exist_ok=True)
