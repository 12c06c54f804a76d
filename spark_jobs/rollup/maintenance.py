"""Keeping the lake within its size and quick to read: days that are too old go, small files of past days
become large ones, files nobody refers to go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs.lake import TABLE, is_made

LEAST_HOURS = 168
"""A week: Delta refuses less, because a reader may still be at an old version."""


@dataclass(frozen=True)
class Maintained:
    """days_deleted: received days that are too old. files_added, files_removed: by compaction.
    files_deleted: by the vacuum (or that it would delete)."""

    days_deleted: int
    files_added: int
    files_removed: int
    files_deleted: int


def maintain(
    session: SparkSession,
    lake_dir: Path,
    today: date,
    oldest: date,
    retain_hours: int = LEAST_HOURS,
    *,
    dry_run: bool = False,
) -> Maintained:
    """Delete received days before `oldest`, compact every other that is over, then delete files that no
    version of `retain_hours` refers to.

    Appending goes on meanwhile: compaction changes no data, and the running day is left alone. A second call
    finds nothing to do. Without a lake nothing happens.
    """
    path = lake_dir / TABLE
    if not is_made(path):
        return Maintained(0, 0, 0, 0)
    table = f"delta.`{path}`"
    added = removed = 0
    too_old = f"received_day < date '{oldest}'"
    counting = f"select count(distinct received_day) as days from {table} where {too_old}"  # noqa: S608 (of dates)
    (row,) = session.sql(counting).collect()
    if not dry_run:
        if row["days"]:
            session.sql(f"delete from {table} where {too_old}")  # noqa: S608 (of dates)
        metrics = session.sql(f"optimize {table} where received_day < date '{today}'").collect()[0]
        added, removed = (metrics["metrics"][name] for name in ("numFilesAdded", "numFilesRemoved"))
    vacuum = f"vacuum {table} retain {max(retain_hours, LEAST_HOURS)} hours"
    if dry_run:
        return Maintained(row["days"], added, removed, session.sql(f"{vacuum} dry run").count())
    before = _data_files(path)
    session.sql(vacuum)
    return Maintained(row["days"], added, removed, before - _data_files(path))


def _data_files(path: Path) -> int:
    return sum(1 for _ in path.rglob("*.parquet"))
