"""What Airflow remembers of its runs, and the logs of their tasks: deleted when they are old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from infra.airflow.configuration import DATABASE, home
from infra.airflow.errors import CleaningFailed
from infra.airflow.preparation import run_airflow
from streams.days import begin
from streams.settings import Settings

_RUNS = "select count(*) from dag_run where start_date < %s"


@dataclass(frozen=True)
class Pruned:
    """Runs of DAGs and files of logs that went; with a dry run, those that are old enough to."""

    runs: int
    logs: int


def prune(settings: Settings, oldest: date, *, dry_run: bool = False) -> Pruned:
    """Delete what Airflow's database and its folder of logs hold of before `oldest`.

    Nothing where Airflow is no part of this installation. Of scheduled DAGs Airflow keeps the last run
    always: from it, it knows when the next is due. Raises CleaningFailed, psycopg.OperationalError.
    """
    if not (home(settings) / "airflow.cfg").is_file():
        return Pruned(0, 0)
    moment = begin(oldest)
    logs = list(_files_before(home(settings) / "logs", moment.timestamp()))
    with psycopg.connect(settings.metadata_dsn(DATABASE), autocommit=True) as connection:
        (before,) = connection.execute(_RUNS, (moment,)).fetchone() or (0,)
        if dry_run:
            return Pruned(before, len(logs))
        _clean(settings, moment.isoformat())
        (after,) = connection.execute(_RUNS, (moment,)).fetchone() or (0,)
    for file in logs:
        file.unlink(missing_ok=True)
    _remove_empty(home(settings) / "logs")
    return Pruned(before - after, len(logs))


def _clean(settings: Settings, before: str) -> None:
    wanted = ("--clean-before-timestamp", before, "--skip-archive", "--yes", "--error-on-cleanup-failure")
    run_airflow(settings, ("db", "clean", *wanted), CleaningFailed)


def _files_before(folder: Path, instant: float) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_mtime < instant:
            yield path


def _remove_empty(folder: Path) -> None:
    """Folders of runs whose logs have all gone, the deepest first."""
    for path in sorted((each for each in folder.rglob("*") if each.is_dir()), reverse=True):
        if not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
