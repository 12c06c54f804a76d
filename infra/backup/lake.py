"""A copy of the lake as it was when PostgreSQL said so, while the archive goes on writing.

The archive numbers its steps: the number goes into Delta's log with what it appends, and is committed to
PostgreSQL afterwards. A copy ends before the first version of the table whose step the database of the same
backup does not know yet; otherwise the restored archive would give that number to other events, and Delta
would take them for written (decision 129).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

from infra.backup.errors import BackupUnusable
from spark_jobs.lake import LOG, TABLE, WRITER

_COMMIT = re.compile(r"(\d{20})\.json")
_OF_VERSION = re.compile(r"(\d{20})\.(json|checkpoint.*\.parquet|crc)")


@dataclass(frozen=True)
class Snapshot:
    """A version of the table: its log's files and the data files that it refers to, relative to the table."""

    version: int
    log: tuple[str, ...]
    data: tuple[str, ...]

    def bytes(self, table: Path) -> int:
        return sum((table / name).stat().st_size for name in (*self.log, *self.data))


def snapshot(lake: Path, last_step: int) -> Snapshot | None:
    """The newest version of the table with no step beyond `last_step`; None where there is no such lake."""
    table = lake / TABLE
    if not (table / LOG).is_dir():
        return None
    version = _newest(table, last_step)
    if version is None:
        return None
    there = DeltaTable(str(table), version=version)
    data = [str(path) for path in there.file_uris()]
    prefix = f"{there.table_uri.rstrip('/')}/"
    names = [path.removeprefix(prefix).removeprefix(f"{table}/") for path in data]
    log = [
        f"{LOG}/{path.name}"
        for path in sorted((table / LOG).iterdir())
        if (found := _OF_VERSION.fullmatch(path.name)) and int(found[1]) <= version
    ]
    return Snapshot(version, tuple(log), tuple(sorted(names)))


def _newest(table: Path, last_step: int) -> int | None:
    commits = sorted(path for path in (table / LOG).iterdir() if _COMMIT.fullmatch(path.name))
    newest = None
    for path in commits:
        if any(step > last_step for step in _steps(path)):
            break
        newest = int(path.stem)
    return newest


def _steps(commit: Path) -> Iterator[int]:
    """The archive's steps in one commit of Delta's log."""
    with commit.open(encoding="utf-8") as lines:
        for line in lines:
            if '"txn"' not in line[:16]:
                continue
            action = json.loads(line)["txn"]
            if action["appId"] == WRITER:
                yield int(action["version"])


def copy(lake: Path, wanted: Snapshot, to: Path, told: Callable[[int], None]) -> None:
    """Copy that version to `to`/events. Files are never changed once written, and stay for a week after the
    table has no use for them: the archive may go on."""
    source, target = lake / TABLE, to / TABLE
    for name in (*wanted.data, *wanted.log):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, path)
        told(path.stat().st_size)


def check(lake: Path, version: int) -> int:
    """How many files the table in a copied or restored lake refers to; all of them are there.

    Raises BackupUnusable.
    """
    table = DeltaTable(str(lake / TABLE))
    missing = [path for path in table.file_uris() if not Path(path.removeprefix("file://")).is_file()]
    if table.version() != version or missing:
        raise BackupUnusable(
            f"{lake} is at version {table.version()} and not {version}, or lacks files: {missing[:3]}."
        )
    return len(table.file_uris())
