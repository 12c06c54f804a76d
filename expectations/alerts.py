"""What operators must know now: sources that fell silent, rules that failed, books that do not balance, cases
that nobody goes on with. Kept in ops.alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import psycopg

from expectations import wording
from expectations.cases import IN_ORDER, Cases, read_cases
from expectations.silence import silent_since
from streams.contract.model import Contract
from streams.days import day_of
from streams.zone import ZONE

SILENT, LIVE_FAILED, DAY_FAILED = "silent", "live_failed", "day_failed"
LEDGER_OPEN, DAY_UNEXPLAINED = "ledger_open", "day_unexplained"
CASES_OVERDUE, CASES_ILLEGAL = "cases_overdue", "cases_illegal"
CODES = (SILENT, LIVE_FAILED, DAY_FAILED, LEDGER_OPEN, DAY_UNEXPLAINED, CASES_OVERDUE, CASES_ILLEGAL)
"""The alerts that are raised and cleared here, and no others."""
MOST_NAMED = 3
LEDGER_DAYS = 7
"""A residue that somebody has decided on raises no alert after so many days; it stays in the ledger."""

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Failed:
    """A validation that forbids publishing: when it was made, and the titles of the rules."""

    at: datetime
    titles: tuple[str, ...]


@dataclass(frozen=True)
class Residue:
    """A received day that does not balance: what is neither booked nor on its way, neither archived nor
    waiting for it, acknowledged and not in Kafka."""

    live: int
    archive: int
    upstream: int


@dataclass(frozen=True)
class Known:
    """What is known of a deployed source. `heard_at`: when its newest event was received, if any was.

    live: its newest validation, if that failed. days: event day -> its newest validation, where that failed.
    residues: received day -> what does not balance. unexplained: published day -> events without a cause by
    which it differs from live. cases: those that are not in order.
    """

    contract: Contract
    deployed_at: datetime
    heard_at: datetime | None = None
    live: Failed | None = None
    days: Mapping[date, Failed] = field(default_factory=dict)
    residues: Mapping[date, Residue] = field(default_factory=dict)
    unexplained: Mapping[date, int] = field(default_factory=dict)
    cases: Cases = IN_ORDER


@dataclass(frozen=True)
class Alert:
    """One alert that should stand. There is never more than one of a code and source."""

    code: str
    source: str
    message: str


@dataclass(frozen=True)
class Open:
    """An alert that stands, as it is kept. `source` is None where it is about the platform."""

    code: str
    source: str | None
    message: str
    raised_at: datetime

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"raised_at": self.raised_at.isoformat()}


def standing(known: Iterable[Known], now: datetime) -> Iterator[Alert]:
    """The alerts that should stand at `now`. Pure."""
    for each in known:
        source, said = each.contract.source, {"title": each.contract.title, "owner": each.contract.owner}
        expect = each.contract.expect
        since = silent_since(expect, max(each.heard_at or each.deployed_at, each.deployed_at), now)
        if since is not None:
            minutes = int(expect.silent_after.total_seconds() // 60)
            message = wording.text(wording.SILENT, since=_clock(since), minutes=minutes, **said)
            yield Alert(SILENT, source, message)
        if each.live is not None:
            rules = _named(each.live.titles)
            message = wording.text(wording.LIVE_FAILED, at=_clock(each.live.at), rules=rules, **said)
            yield Alert(LIVE_FAILED, source, message)
        if each.days:
            newest = sorted(each.days, reverse=True)
            rules = _named(dict.fromkeys(title for day in newest for title in each.days[day].titles))
            days = _named([day.isoformat() for day in newest])
            yield Alert(DAY_FAILED, source, wording.text(wording.DAY_FAILED, days=days, rules=rules, **said))
        if each.residues:
            day = max(each.residues)
            residue = each.residues[day]
            books = {"residue": residue.live, "archive": residue.archive, "upstream": residue.upstream}
            yield Alert(LEDGER_OPEN, source, wording.text(wording.LEDGER_OPEN, day=day, **books, **said))
        if each.unexplained:
            day = max(each.unexplained)
            events = each.unexplained[day]
            message = wording.text(wording.DAY_UNEXPLAINED, day=day, source=source, events=events, **said)
            yield Alert(DAY_UNEXPLAINED, source, message)
        if each.cases.overdue_since is not None:
            numbers = {"cases": each.cases.overdue, "hours": _hours(now - each.cases.overdue_since)}
            yield Alert(CASES_OVERDUE, source, wording.text(wording.CASES_OVERDUE, **numbers, **said))
        if each.cases.illegal:
            message = wording.text(wording.CASES_ILLEGAL, steps=each.cases.illegal, **said)
            yield Alert(CASES_ILLEGAL, source, message)


def settle(
    connection: Connection, contracts: Mapping[str, Contract], now: datetime, topic_prefix: str
) -> None:
    """Raise and clear in ops.alert what should stand now, in one transaction. Again changes nothing.

    An alert that stands keeps the time at which it was raised; its message follows what is known.
    """
    with connection.transaction():
        # Two that settle at once would both raise: the second waits here. Readers do not.
        connection.execute("lock table ops.alert in share row exclusive mode")
        wanted = list(standing(read_known(connection, contracts, topic_prefix, now), now))
        keys: list[list[str]] = [[each.code for each in wanted], [each.source for each in wanted]]
        connection.execute(_CLEAR, {"now": now, "ours": list(CODES), "codes": keys[0], "sources": keys[1]})
        for each in wanted:
            at = {"code": each.code, "source": each.source, "message": each.message, "now": now}
            if connection.execute(_UPDATE, at).rowcount == 0:
                connection.execute(_RAISE, at)


def read_open(connection: Connection) -> Sequence[Open]:
    """The alerts that stand, the newest first."""
    return [Open(*row) for row in connection.execute(_OPEN)]


def read_known(
    connection: Connection, contracts: Mapping[str, Contract], topic_prefix: str, now: datetime
) -> Iterator[Known]:
    """What PostgreSQL knows of each deployed source."""
    times = {source: (deployed, heard) for source, deployed, heard in connection.execute(_TIMES)}
    live: dict[str, Failed] = {}
    days: dict[str, dict[date, Failed]] = {}
    for scope, source, day, at, titles in connection.execute(_FAILED):
        failed = Failed(at, tuple(titles))
        if scope == "live":
            live[source] = failed
        else:
            days.setdefault(source, {})[day] = failed
    residues: dict[str, dict[date, Residue]] = {}
    since = day_of(now) - timedelta(days=LEDGER_DAYS)
    for source, day, *numbers in connection.execute(_RESIDUES, (topic_prefix, since)):
        residues.setdefault(source, {})[day] = Residue(*numbers)
    unexplained: dict[str, dict[date, int]] = {}
    for source, day, events in connection.execute(_UNEXPLAINED):
        unexplained.setdefault(source, {})[day] = events
    cases = read_cases(connection, now)
    for source, contract in contracts.items():
        if source in times:
            yield Known(
                contract,
                *times[source],
                live=live.get(source),
                days=days.get(source, {}),
                residues=residues.get(source, {}),
                unexplained=unexplained.get(source, {}),
                cases=cases.get(source, IN_ORDER),
            )


def _named(names: Iterable[str]) -> str:
    """The first of the names, and how many there are where that is not all."""
    every = list(names)
    shown = "、".join(every[:MOST_NAMED])
    return shown if len(every) <= MOST_NAMED else wording.text(wording.AND_MORE, shown=shown, all=len(every))


def _hours(late: timedelta) -> str:
    return f"{late / timedelta(hours=1):.0f}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"


_TIMES = """
    select c.source, c.deployed_at, f.last_received_at
    from ops.contract c left join ops.freshness f using (source) where c.retired_at is null
"""
# The newest answer counts: of a source for live minutes, of each event day for days.
_FAILED = """
    select v.scope, v.source, v.event_day, v.validated_at, array(
        select r.value ->> 'title' from jsonb_array_elements(v.results) with ordinality r (value, number)
        where not (r.value ->> 'success')::boolean and r.value ->> 'severity' = 'critical' order by r.number)
    from (
        select distinct on (scope, source, case scope when 'day' then event_day end) *
        from ops.validation
        order by scope, source, case scope when 'day' then event_day end, validated_at desc, id desc
    ) v where not v.success
"""
_RESIDUES = """
    select * from (
        select source, received_day,
            sent - accepted - quarantined - duplicate - conflict - in_flight as live,
            sent - archived - to_archive as archive,
            case when is_over then greatest(acknowledged - sent, 0) else 0 end as upstream
        from ops.ledger(%s)
        where received_day > %s
    ) l where live <> 0 or archive <> 0 or upstream <> 0
"""
_UNEXPLAINED = """
    select d.source, d.event_day, d.events
    from mart.difference d join mart.publication p using (source, event_day, revision)
    where p.is_current and d.cause = 'unexplained'
"""
_CLEAR = """
    update ops.alert a set cleared_at = %(now)s
    where a.cleared_at is null and a.code = any(%(ours)s) and not exists (
        select from unnest(%(codes)s::text[], %(sources)s::text[]) w (code, source)
        where w.code = a.code and w.source = a.source)
"""
_UPDATE = """
    update ops.alert set message = %(message)s
    where cleared_at is null and code = %(code)s and source = %(source)s
"""
_RAISE = """
    insert into ops.alert (code, source, message, raised_at)
    values (%(code)s, %(source)s, %(message)s, %(now)s)
"""
_OPEN = """
    select code, source, message, raised_at from ops.alert where cleared_at is null
    order by raised_at desc, id
"""
