"""DuckDB as the judge uses it: one connection a thread, statements prepared once, rows fed through Arrow.

Planning a statement costs 10 to 15 ms, running one that is prepared about 1 ms: a batch of sixteen sources is
otherwise mostly planning. A prepared statement reads a Feed, an object whose rows are exchanged before each
run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from streams.judge.errors import JudgeFailed
from streams.judge.sql import ROWS
from streams.zone import ZONE_NAME

_MOST_STATEMENTS = 256
"""Statements that one connection keeps; contracts change, and a worker lives for weeks."""

# What a value can cause. Everything else that DuckDB raises is the system's fault.
_DATA_ERRORS = (duckdb.DataError, duckdb.InvalidInputException)

_LOCAL = threading.local()
_OF_PARENTS: list[Engine] = []


class Feed:
    """An Arrow table under a fixed name, whose rows may be exchanged between runs."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows

    def __arrow_c_schema__(self) -> Any:
        return self.rows.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.rows.__arrow_c_stream__(requested_schema)


class Engine:
    """One DuckDB connection and the statements that are prepared on it. Belongs to one thread."""

    def __init__(self) -> None:
        self.process = os.getpid()
        # One thread: Spark's and the gateway's workers are the parallelism. Nothing of DuckDB's reaches out.
        self._connection = duckdb.connect(
            config={
                "threads": 1,
                "enable_external_access": "false",
                "temp_directory": "",
                "autoload_known_extensions": "false",
                "autoinstall_known_extensions": "false",
            }
        )
        self._connection.execute(f"set timezone = '{ZONE_NAME}'")
        self._feeds: dict[str, tuple[str, Feed]] = {}

    def run(self, statement: str, rows: pa.Table) -> pa.Table | None:
        """The statement's rows, one for each row of `rows`, in order; None where a value makes it fail.

        `rows` always has the same columns for the same statement. Raises JudgeFailed.
        """
        try:
            name, feed = self._feeds.get(statement) or self._prepare(statement, rows)
            feed.rows = rows
            try:
                found = self._connection.sql(f"execute {name}").to_arrow_table()
            finally:
                feed.rows = rows.slice(0, 0)  # a batch is not kept alive until the next one
        except _DATA_ERRORS:
            return None
        except duckdb.Error as error:
            raise JudgeFailed(
                f"DuckDB failed on a batch of {rows.num_rows} events ({rows.nbytes:,} bytes): {error}."
                " It has no verdict yet; restart the process, with more memory if that is what it lacked."
            ) from error
        return found

    def close(self) -> None:
        self._feeds.clear()
        self._connection.close()

    def _prepare(self, statement: str, rows: pa.Table) -> tuple[str, Feed]:
        if len(self._feeds) >= _MOST_STATEMENTS:
            self._forget()
        number = len(self._feeds)
        name, feed = f"judge_{number}", Feed(rows)
        self._connection.register(f"rows_{number}", feed)
        self._connection.execute(f"prepare {name} as {statement.replace(ROWS, f'rows_{number}')}")
        self._feeds[statement] = name, feed
        return name, feed

    def _forget(self) -> None:
        for number in range(len(self._feeds)):
            self._connection.execute(f"deallocate judge_{number}")
            self._connection.unregister(f"rows_{number}")
        self._feeds.clear()


def engine() -> Engine:
    """This thread's engine. A process that was forked gets one of its own."""
    found: Engine | None = getattr(_LOCAL, "engine", None)
    if found is None or found.process != os.getpid():
        if found is not None:
            # To close it would wait for threads that only the parent has.
            _OF_PARENTS.append(found)
        found = _LOCAL.engine = Engine()
    return found


def run_isolating(statement: str, rows: pa.Table, fallback: Callable[[pa.Table], pa.Table]) -> pa.Table:
    """As Engine.run, but a row that makes the statement fail gets `fallback(row)`, and the others their own.

    A failing batch is halved until the rows at fault stand alone: k of them cost about k x log2(n) more runs.
    """
    found = engine().run(statement, rows)
    if found is not None:
        return found
    if rows.num_rows == 1:
        return fallback(rows)
    middle = rows.num_rows // 2
    halves = (rows.slice(0, middle), rows.slice(middle))
    return pa.concat_tables([run_isolating(statement, half, fallback) for half in halves])
