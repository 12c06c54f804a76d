"""A published day against live: what was noted when it was published, and what became of it since."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from psycopg.rows import class_row

from spark_jobs.rollup.comparison import live_totals, published_totals
from spark_jobs.rollup.day import Day
from spark_jobs.rollup.differences import CAUSES, Difference, Findings, Sums, Totals, differences
from spark_jobs.rollup.ledger import Connection
from streams.contract.model import Contract

_NOTE = """
    update mart.publication
    set live_events = %s, live_sums = %s, sums = %s, compared_at = now()
    where source = %s and event_day = %s and revision = %s
"""
_FORGET = "delete from mart.difference where source = %s and event_day = %s and revision = %s"
_INSERT = """
    insert into mart.difference (source, event_day, revision, cause, events, sums, examples)
    values (%s, %s, %s, %s, %s, %s, %s)
"""
_PUBLISHED = """
    select revision, reason, published_at, contract_version, accepted, sums, live_events, live_sums,
        compared_at
    from mart.publication where source = %s and event_day = %s and is_current
"""
_ROWS = """
    select cause, events, sums, examples from mart.difference
    where source = %s and event_day = %s and revision = %s
"""
_REPLAYED = """
    select count(*) from ops.replayed
    where source = %s and event_day = %s and outcome = 'accepted' and replayed_at > %s
"""


@dataclass(frozen=True)
class Published:
    """The current revision of a day. sums, live_events, live_sums, compared_at: as it was compared with live
    when it was built; None where nobody has compared it."""

    revision: int
    reason: str
    published_at: datetime
    contract_version: str
    accepted: int
    sums: dict[str, int] | None
    live_events: int | None
    live_sums: dict[str, int] | None
    compared_at: datetime | None


@dataclass(frozen=True)
class Account:
    """A day of a source now. `rows` add up: published = live + their sum, in events and in every sum."""

    source: str
    day: date
    live: Totals
    published: Published | None
    rows: tuple[Difference, ...]

    @property
    def unexplained(self) -> Difference | None:
        """The row of what no cause names; None where everything has one."""
        return next((row for row in self.rows if row.cause == "unexplained"), None)

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        document = {**asdict(self), "explained": self.unexplained is None}
        answer: dict[str, Any] = json.loads(json.dumps(document, default=lambda moment: moment.isoformat()))
        return answer


def note(connection: Connection, day: Day, revision: int, findings: Findings) -> None:
    """Keep with a revision what live had counted and why it differs, in the caller's transaction."""
    final = published_totals(day)
    key = (day.contract.source, day.day, revision)
    connection.execute(
        _NOTE, (findings.live.events, json.dumps(findings.live.sums), json.dumps(final.sums), *key)
    )
    connection.execute(_FORGET, key)
    for row in differences(findings, final):
        connection.execute(
            _INSERT, (*key, row.cause, row.events, json.dumps(row.sums), json.dumps(row.examples))
        )


def read(connection: Connection, contract: Contract, day: date) -> Account:
    """What is published of a day beside what live has now, and the rows between the two."""
    key = (contract.source, day)
    with connection.cursor(row_factory=class_row(Published)) as cursor:
        published = cursor.execute(_PUBLISHED, key).fetchone()
    live = live_totals(connection, contract, day)
    if published is None:
        return Account(*key, live, None, ())
    if published.live_events is None or published.compared_at is None:
        final = Totals(published.accepted, {})
        return Account(*key, live, published, differences(Findings(live, ()), final))
    noted = (
        Difference(cause, events, sums, tuple(examples))
        for cause, events, sums, examples in connection.execute(_ROWS, (*key, published.revision))
    )
    then = Totals(published.live_events, published.live_sums or {})
    ((replayed,),) = connection.execute(_REPLAYED, (*key, published.compared_at)).fetchall()
    rows = since(tuple(noted), then, live, replayed)
    return Account(*key, live, published, rows)


def since(rows: tuple[Difference, ...], then: Totals, now: Totals, replayed: int) -> tuple[Difference, ...]:
    """`rows` explain the difference to live as it was `then`; the result explains that to live as it is now.

    What live has counted since is late, or was replayed from quarantine (`replayed` events). Pure.
    """
    grown = now.events - then.events
    again = min(replayed, max(grown, 0))
    fields = then.sums.keys() & now.sums.keys()
    more = {field: now.sums[field] - then.sums[field] for field in sorted(fields)}
    nothing = dict.fromkeys(more, 0)
    # Sums of late and replayed events are not kept apart: they stand with the late ones, if there are any.
    replays_bear = bool(again) and again == grown
    added = {
        "replayed": (-again, more if replays_bear else nothing),
        "late": (again - grown, nothing if replays_bear else more),
    }
    found = {row.cause: _within(row, fields) for row in rows}
    for cause in CAUSES:
        if cause in added and (added[cause][0] or any(added[cause][1].values())):
            old = found.get(cause, Difference(cause, 0, {}))
            found[cause] = _plus(old, *added[cause])
    return tuple(found[cause] for cause in CAUSES if cause in found)


def _within(row: Difference, fields: Iterable[str]) -> Difference:
    return replace(row, sums={field: row.sums.get(field, 0) for field in sorted(fields)})


def _plus(row: Difference, events: int, more: Sums) -> Difference:
    sums = {name: row.sums.get(name, 0) - more.get(name, 0) for name in sorted({*row.sums, *more})}
    return replace(row, events=row.events + events, sums=sums)
