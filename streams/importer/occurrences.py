"""How often the same content has come in a file: the number that keeps equal rows apart.

Counts are in a temporary SQLite file, so that a million rows cost disk and not memory.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import TracebackType

_ADD = "insert into seen values (?, 1) on conflict (content) do update set times = times + 1 returning times"


class Occurrences:
    """Counts of contents; use it in a `with` block, which removes the file."""

    def __enter__(self) -> Occurrences:
        self._file = sqlite3.connect("", isolation_level=None)  # "": SQLite's own temporary file
        self._file.execute("pragma journal_mode = off")
        self._file.execute("pragma synchronous = off")
        self._file.execute("create table seen (content text primary key, times integer) without rowid")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def number(self, content: str) -> int:
        """1 for a content that is new, 2 for its second occurrence, and so on."""
        with closing(self._file.execute(_ADD, (content,))) as rows:
            return int(rows.fetchone()[0])
