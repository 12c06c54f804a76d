"""Stamps: what a folder was made of, so that nothing is made twice and nothing half-made is used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

STAMP = "made-of.json"


def digest(*files: Path) -> str:
    """SHA-256 over the names and contents of files, in the order given."""
    total = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        total.update(f"{file.name} {len(content)}\n".encode())
        total.update(content)
    return total.hexdigest()


def read(folder: Path) -> dict[str, str]:
    """The stamp of a folder; empty when it has none, or one that cannot be read."""
    try:
        content = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(folder: Path, made_of: dict[str, str]) -> None:
    """Stamp a folder as finished."""
    draft = folder / f"{STAMP}.part"
    draft.write_text(json.dumps(made_of, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    draft.replace(folder / STAMP)


def remove(folder: Path) -> None:
    """Take the stamp away before a folder is changed."""
    (folder / STAMP).unlink(missing_ok=True)
