"""What a backup says of itself: `manifest.json`, written last, with the checksum of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.backup.errors import BackupUnusable

FILE = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20
Told = Callable[[int], None]


@dataclass(frozen=True)
class Entry:
    """One file: its size in bytes and its SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """made_at: ISO 8601. version: of the platform. schema: of its tables. postgres: the server's, 18 or so.

    positions: query -> topic -> partition -> next offset, as the database of the backup has them.
    lake_version: Delta's; None without a lake. archive_step: the last one that the database knows.
    files: path below the backup -> Entry.
    """

    made_at: str
    version: str
    schema: str
    postgres: int
    topic_prefix: str
    positions: Mapping[str, Mapping[str, Mapping[str, int]]]
    lake_version: int | None
    archive_step: int
    files: Mapping[str, Entry]
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.files.values())

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest:
    """The manifest of a backup. Raises BackupUnusable."""
    file = folder / FILE
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            raise BackupUnusable(
                f"{file} is of format {values['format']}, this version reads {FORMAT}: restore it with"
                f" version {values.get('version', 'that made it')}."
            )
        files = {path: Entry(**entry) for path, entry in values.pop("files").items()}
        return Manifest(**values, files=files)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupUnusable(
            f"{folder} is no backup, or one that was never finished: {FILE} cannot be read"
            f" ({type(error).__name__}: {error}). `minsheng backup` writes it last."
        ) from error


def entry(path: Path, told: Told = lambda _: None) -> Entry:
    """Size and checksum of a file; `told` is called with bytes as they are read."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            told(len(chunk))
    return Entry(size, digest.hexdigest())


def problems(folder: Path, manifest: Manifest, told: Told = lambda _: None) -> list[str]:
    """What differs from the manifest: files that lack, that are changed, or that nobody wrote down."""
    found = [_problem(folder / path, wanted, told) for path, wanted in manifest.files.items()]
    extra = {str(path.relative_to(folder)) for path in files_of(folder)} - manifest.files.keys() - {FILE}
    return [*(each for each in found if each), *(f"{path} is not of this backup" for path in sorted(extra))]


def files_of(folder: Path) -> Iterable[Path]:
    """Every file below a folder."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _problem(path: Path, wanted: Entry, told: Told) -> str:
    try:
        if path.stat().st_size != wanted.bytes:
            return f"{path} has {path.stat().st_size} bytes, not {wanted.bytes}"
        return "" if entry(path, told) == wanted else f"{path} is not what was written (SHA-256)"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
