"""What operators must know now: sources that fell silent, rules that failed, books that do not balance, cases
that nobody goes on with, a live query that stands still. Kept in ops.alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from expectations import wording
from expectations.known import (
    NOTHING_ELSE,
    Beat,
    Connection,
    Known,
    Platform,
    Residue,
    read_known,
    read_platform,
)
from expectations.silence import silent_since
from streams.contract.model import Contract
from streams.zone import ZONE

SILENT, LIVE_FAILED, DAY_FAILED = "silent", "live_failed", "day_failed"
LEDGER_OPEN, DAY_UNEXPLAINED = "ledger_open", "day_unexplained"
CASES_OVERDUE, CASES_ILLEGAL = "cases_overdue", "cases_illegal"
STREAM_STALLED = "stream_stalled"
CODES = (
    SILENT, LIVE_FAILED, DAY_FAILED, LEDGER_OPEN, DAY_UNEXPLAINED, CASES_OVERDUE, CASES_ILLEGAL,
    STREAM_STALLED,
)  # fmt: skip
"""The alerts that are raised and cleared here, and no others."""
MOST_NAMED = 3
STALLED = timedelta(minutes=3)
"""A restart takes less; a heartbeat comes every ten seconds."""


@dataclass(frozen=True)
class Alert:
    """One alert that should stand. There is never more than one of a code and source; `source` is None where
    it is about the platform."""

    code: str
    source: str | None
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


def standing(known: Iterable[Known], now: datetime, platform: Platform = NOTHING_ELSE) -> Iterator[Alert]:
    """The alerts that should stand at `now`. Pure.

    While the live query stands still nobody knows what has come: then no source is called silent.
    """
    stalled = [sentence for beat in platform.beats if (sentence := _stalled(beat, now))]
    if stalled:
        yield Alert(STREAM_STALLED, None, wording.text(wording.STREAM_STALLED, stalled="；".join(stalled)))
    for source, residues in platform.residues.items():
        yield Alert(LEDGER_OPEN, source, _residue(source, residues))
    for each in known:
        source, said = each.contract.source, {"title": each.contract.title, "owner": each.contract.owner}
        expect = each.contract.expect
        since = silent_since(expect, max(each.heard_at or each.deployed_at, each.deployed_at), now)
        if since is not None and not stalled:
            yield Alert(SILENT, source, _silence(each, since))
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
            yield Alert(LEDGER_OPEN, source, _residue(each.contract.title, each.residues))
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
        platform = read_platform(connection, contracts, topic_prefix, now)
        wanted = list(standing(read_known(connection, contracts, topic_prefix, now), now, platform))
        codes, sources = [each.code for each in wanted], [each.source for each in wanted]
        connection.execute(_CLEAR, {"now": now, "ours": list(CODES), "codes": codes, "sources": sources})
        for each in wanted:
            at = {"code": each.code, "source": each.source, "message": each.message, "now": now}
            if connection.execute(_UPDATE, at).rowcount == 0:
                connection.execute(_RAISE, at)


def read_open(connection: Connection) -> Sequence[Open]:
    """The alerts that stand, the newest first."""
    return [Open(*row) for row in connection.execute(_OPEN)]


def _stalled(beat: Beat, now: datetime) -> str | None:
    """What is wrong with a query, if it is so for longer than a restart takes."""
    since = min(beat.beat_at, beat.stuck_since or beat.beat_at)
    if now - since < STALLED:
        return None
    return wording.text(wording.STALLED[beat.query], since=_clock(since), behind=beat.behind)


def _residue(title: str, residues: Mapping[date, Residue]) -> str:
    day = max(residues)
    books = {name: getattr(residues[day], name) for name in ("live", "archive", "upstream")}
    return wording.text(wording.LEDGER_OPEN, title=title, day=day, **books)


def _silence(known: Known, since: datetime) -> str:
    """Whose fault it may be hangs on whether nothing came, or nothing that is right."""
    contract = known.contract
    refused = wording.text(wording.REFUSED_TODAY, refused=known.refused) if known.refused else ""
    return wording.text(
        wording.ALL_QUARANTINED if known.quarantined else wording.SILENT,
        title=contract.title,
        owner=contract.owner,
        source=contract.source,
        since=_clock(since),
        minutes=int(contract.expect.silent_after.total_seconds() // 60),
        events=known.quarantined,
        refused=refused,
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


_CLEAR = """
    update ops.alert a set cleared_at = %(now)s
    where a.cleared_at is null and a.code = any(%(ours)s) and not exists (
        select from unnest(%(codes)s::text[], %(sources)s::text[]) w (code, source)
        where w.code = a.code and w.source is not distinct from a.source)
"""
_UPDATE = """
    update ops.alert set message = %(message)s
    where cleared_at is null and code = %(code)s and source is not distinct from %(source)s::text
"""
_RAISE = """
    insert into ops.alert (code, source, message, raised_at)
    values (%(code)s, %(source)s, %(message)s, %(now)s)
"""
_OPEN = """
    select code, source, message, raised_at from ops.alert where cleared_at is null
    order by raised_at desc, id
"""
