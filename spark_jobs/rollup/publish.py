"""Publishing a day: one transaction, one revision more - or nothing where nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Literal

import psycopg
from psycopg import sql

from spark_jobs.rollup.day import Day
from spark_jobs.rollup.errors import AlreadyRunning
from spark_jobs.rollup.ledger import Connection
from streams.contract.tables import MetricTable, metric_tables

Outcome = Literal["published", "unchanged", "refused"]

FIRST, PROVISIONAL, COMPLETE = "首次发布", "临时版：当天数据尚未完整", "当天数据已完整"
CHANGED_CONTRACT, CHANGED = "契约已更新", "内容有变化"

_NOTE_RUN = """
    insert into ops.rollup
        (source, event_day, outcome, revision, contract_version, provisional, span, seconds)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (source, event_day) do update set
        ran_at = now(), outcome = excluded.outcome, revision = excluded.revision,
        contract_version = excluded.contract_version, provisional = excluded.provisional,
        span = excluded.span, seconds = excluded.seconds
"""
_PUBLISH = """
    insert into mart.publication
        (source, event_day, revision, reason, contract_version, accepted, quarantined, duplicate, conflict,
        archive_position, fingerprint, is_current)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_REPLAYED = """
    select count(*) from ops.replayed r join mart.publication p using (source, event_day)
    where source = %s and event_day = %s and p.revision = %s and r.outcome = 'accepted'
        and r.replayed_at > p.published_at
"""
_COPY_DISTINCT = """
    copy mart.distinct_day_revision (source, metric, measure, event_day, revision, dimensions, value)
    from stdin
"""


@dataclass(frozen=True)
class Publication:
    """The revision of a day that readers see, and why there is one."""

    revision: int
    reason: str
    contract_version: str
    accepted: int
    fingerprint: str


@contextmanager
def alone(connection: Connection, source: str, day: date) -> Iterator[None]:
    """Hold the lock of a source's day. It dies with the connection, so that a killed run blocks nobody.

    Raises AlreadyRunning where another run holds it.
    """
    key = f"rollup {source} {day}"
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (key,)).fetchone()
    if row != (True,):
        raise AlreadyRunning(
            f"{source} {day}: another rollup of this day is running. Try again when it is done."
        )
    try:
        yield
    finally:
        with suppress(psycopg.OperationalError):  # the server has released it where the connection is gone
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (key,))


def hold(connection: Connection, source: str, day: date) -> None:
    """Hold the same lock until the caller's transaction ends. Raises AlreadyRunning where a run holds it."""
    key = f"rollup {source} {day}"
    row = connection.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (key,)).fetchone()
    if row != (True,):
        raise AlreadyRunning(f"{source} {day}: a rollup of this day is running. Try again when it is done.")


def current(connection: Connection, source: str, day: date) -> Publication | None:
    """What is published of a day now."""
    row = connection.execute(
        "select revision, reason, contract_version, accepted, fingerprint from mart.publication"
        " where source = %s and event_day = %s and is_current",
        (source, day),
    ).fetchone()
    return Publication(*row) if row else None


def publish(connection: Connection, day: Day) -> tuple[Outcome, Publication]:
    """Make `day` what readers see; the caller holds the day's lock and has a transaction open around this.

    Where the numbers are those that are published already, only the counts beside them are brought up to date
    and no revision is made.
    """
    before = current(connection, day.contract.source, day.day)
    if before is not None and before.fingerprint == day.fingerprint:
        _note_counts(connection, day, before.revision)
        return "unchanged", before
    return "published", _write(connection, day, before, is_current=True)


def stage(connection: Connection, day: Day) -> tuple[Publication | None, Publication | None]:
    """Write `day` as a revision that nobody sees; gives back what readers see, and the revision: None where
    the numbers are those that are published already. The caller has the day's lock and a transaction."""
    before = current(connection, day.contract.source, day.day)
    if before is not None and before.fingerprint == day.fingerprint:
        return before, None
    return before, _write(connection, day, before, is_current=False)


def _write(connection: Connection, day: Day, before: Publication | None, *, is_current: bool) -> Publication:
    made = Publication(
        _next_revision(connection, day),
        reason(before, day, _replayed(connection, day, before)),
        day.contract.version,
        day.counts.accepted,
        day.fingerprint,
    )
    _insert(connection, day, made, is_current=is_current)
    for table in metric_tables(day.contract):
        _copy_metric(connection, day, table, made.revision)
    _copy_distinct(connection, day, made.revision)
    return made


def note_run(
    connection: Connection,
    day: Day,
    outcome: Outcome,
    *,
    revision: int | None,
    span: Mapping[str, int] | None,
    seconds: float,
) -> None:
    """Remember what came of the run, so that `due` knows which days need another."""
    connection.execute(
        _NOTE_RUN,
        (
            day.contract.source,
            day.day,
            outcome,
            revision,
            day.contract.version,
            day.provisional,
            None if span is None else json.dumps(dict(span)),
            seconds,
        ),
    )


def _replayed(connection: Connection, day: Day, before: Publication | None) -> int:
    """How many events of the day were replayed from quarantine, and counted, since that revision."""
    if before is None:
        return 0
    row = connection.execute(_REPLAYED, (day.contract.source, day.day, before.revision)).fetchone()
    return int(row[0]) if row else 0


def reason(before: Publication | None, day: Day, replayed: int = 0) -> str:
    """Why there is a revision after `before`, as readers see it. Pure.

    replayed: events of the day that were replayed since `before`; as some of them may be counted in it
    already, no more of them are named than what came more. What another contract lets in or keeps out is not
    late: where the version differs, that is said, and by how much the accepted events changed.
    """
    if day.provisional:
        return PROVISIONAL
    if before is None:
        return FIRST
    if before.reason == PROVISIONAL:
        return COMPLETE
    more = day.counts.accepted - before.accepted
    replayed = min(replayed, max(more, 0))
    if before.contract_version != day.contract.version:
        among = f"（其中隔离区重放 +{replayed:,}）" if replayed else ""
        return f"{CHANGED_CONTRACT}，入账 {more:+,}{among}" if more else CHANGED_CONTRACT
    parts = [f"隔离区重放 +{replayed:,}"] if replayed else []
    if more != replayed:
        parts.append(f"迟到或更正的事件 {more - replayed:+,}")
    return "，".join(parts) or CHANGED


def _next_revision(connection: Connection, day: Day) -> int:
    row = connection.execute(
        "select coalesce(max(revision), 0) + 1 from mart.publication where source = %s and event_day = %s",
        (day.contract.source, day.day),
    ).fetchone()
    assert row is not None  # noqa: S101 (an aggregate without group by always has a row)
    return int(row[0])


def _insert(connection: Connection, day: Day, made: Publication, *, is_current: bool) -> None:
    key = (day.contract.source, day.day)
    if is_current:
        connection.execute(
            "update mart.publication set is_current = false"
            " where source = %s and event_day = %s and is_current",
            key,
        )
    connection.execute(
        _PUBLISH,
        (
            *key,
            made.revision,
            made.reason,
            made.contract_version,
            *_counts(day),
            _position(day),
            made.fingerprint,
            is_current,
        ),
    )


def _note_counts(connection: Connection, day: Day, revision: int) -> None:
    connection.execute(
        "update mart.publication set accepted = %s, quarantined = %s, duplicate = %s, conflict = %s,"
        " archive_position = %s where source = %s and event_day = %s and revision = %s",
        (*_counts(day), _position(day), day.contract.source, day.day, revision),
    )


def _counts(day: Day) -> tuple[int, int, int, int]:
    return day.counts.accepted, day.counts.quarantined, day.counts.duplicate, day.counts.conflict


def _position(day: Day) -> str:
    return json.dumps({str(partition): offset for partition, offset in sorted(day.position.items())})


def _copy_metric(connection: Connection, day: Day, table: MetricTable, revision: int) -> None:
    columns = [*table.dimensions, *(column.name for column in table.columns)]
    statement = sql.SQL("copy {} (event_day, revision, {}) from stdin").format(
        sql.Identifier("mart", table.revision_name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(statement) as copy:
        for row in day.metrics[table.metric].select(columns).to_pylist():
            copy.write_row((day.day, revision, *row.values()))


def _copy_distinct(connection: Connection, day: Day, revision: int) -> None:
    with connection.cursor().copy(_COPY_DISTINCT) as copy:
        for count in day.distinct:
            copy.write_row(
                (day.contract.source, count.metric, count.measure, day.day, revision, count.key, count.value)
            )
