"""Where the lake is: one table of events, as they were received."""

from __future__ import annotations

from pathlib import Path

TABLE = "events"
"""Its folder below settings.lake_dir."""

LOG = "_delta_log"
"""Delta's log below that folder."""

WRITER = "minsheng.archive"
"""Delta's `txn.appId` of what the archive appends; `txn.version` is the number of its step."""


def is_made(table: Path) -> bool:
    """Whether the table has a version. Its log's folder is there before that: while the first version is
    written, and for good where that was killed."""
    return next((table / LOG).glob("*.json"), None) is not None
