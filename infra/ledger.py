"""The ledger: what Kafka was sent, against what became of it. Nothing is lost while every residue is 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta

import psycopg
from psycopg.rows import class_row

from streams.days import day_of

# ops.ledger (migration 0007) is one statement over one snapshot, for everybody who asks.
READ = """
    select * from ops.ledger(%(prefix)s)
    where (%(source)s::text is null or source = %(source)s)
      and (%(day)s::date is null or received_day = %(day)s)
      and (%(since)s::date is null or received_day >= %(since)s)
    order by received_day, source
"""
# The last minute that was looked at within each hour, against the last one before that hour. Minutes tell of
# the running day and the two before it: no day comes or goes within twenty-four hours.
HOURS = """
    with looked as (
        select at, date_trunc('hour', at) as hour, source, sum(sent) as sent, sum(accepted) as accepted,
            sum(replayed) as replayed, sum(quarantined) as quarantined, sum(duplicate) as duplicate,
            sum(conflict) as conflict, sum(in_flight) as in_flight,
            sum(sent - accepted - quarantined - duplicate - conflict - in_flight) as residue
        from ops.ledger_minute
        where at >= %(since)s - interval '1 day' and received_day >= %(first_day)s
            and (%(source)s::text is null or source = %(source)s)
        group by at, source
    ), ends as (
        select distinct on (source, hour) *, max(abs(residue)) over (partition by source, hour) as worst
        from looked order by source, hour, at desc
    )
    select * from (
        select hour, source,
            (sent - lag(sent, 1, 0) over before)::bigint as sent,
            (accepted - lag(accepted, 1, 0) over before)::bigint as accepted,
            (replayed - lag(replayed, 1, 0) over before)::bigint as replayed,
            (quarantined - lag(quarantined, 1, 0) over before)::bigint as quarantined,
            (duplicate - lag(duplicate, 1, 0) over before)::bigint as duplicate,
            (conflict - lag(conflict, 1, 0) over before)::bigint as conflict,
            (lag(in_flight, 1, 0) over before)::bigint as carried, in_flight::bigint as in_flight,
            worst::bigint as worst_residue
        from ends window before as (partition by source order by hour)
    ) h where hour >= %(since)s order by hour, source
"""

SENDERS = """
    select source, sender, received_day, events, numbered, unreadable, lowest, highest, missing, repeated,
        gaps
    from ops.sender_day
    where (%(source)s::text is null or source = %(source)s)
      and (%(day)s::date is null or received_day = %(day)s)
    order by received_day, source, sender
"""
MOST_HOURS = 24


@dataclass(frozen=True)
class Entry:
    """One source and day of receipt (Asia/Shanghai), in numbers of events.

    `sent` is by Kafka's offsets, the four outcomes are what the live query booked, `in_flight` what it has
    not read yet; `archived` and `to_archive` are the same for the lake. `acknowledged` is what gateway and
    importer told their senders was taken, `refused` what they refused before Kafka. `is_over`: Kafka's
    offsets of the day are final.

    Of the accepted, `replayed` were in quarantine first; of duplicates and conflicts, `replayed_known` were.
    They are parts of what stands under its outcome now, and no term of the sum.
    """

    source: str
    received_day: date
    sent: int
    accepted: int
    quarantined: int
    duplicate: int
    conflict: int
    in_flight: int
    archived: int
    to_archive: int
    acknowledged: int = 0
    refused: int = 0
    is_over: bool = False
    replayed: int = 0
    replayed_known: int = 0

    @property
    def ever_quarantined(self) -> int:
        """All that the judge has ever put into quarantine, replayed since or not."""
        return self.quarantined + self.replayed + self.replayed_known

    @property
    def residue(self) -> int:
        """Sent and not accounted for: 0, or events were lost (more than 0) or counted twice (less)."""
        return self.sent - self.accepted - self.quarantined - self.duplicate - self.conflict - self.in_flight

    @property
    def archive_residue(self) -> int:
        """Sent, neither in the lake nor waiting for it: 0."""
        return self.sent - self.archived - self.to_archive

    @property
    def lost_upstream(self) -> int:
        """Acknowledged to senders, and not in Kafka: 0. Known once the day is over; producers of their own
        send what nobody here acknowledges, so that Kafka may well have more."""
        return max(self.acknowledged - self.sent, 0) if self.is_over else 0

    @property
    def balances(self) -> bool:
        """Whether both residues are 0 and nothing acknowledged is missing."""
        return self.residue == 0 and self.archive_residue == 0 and self.lost_upstream == 0

    def as_json(self) -> dict[str, object]:
        """Every number, and the residues."""
        return {
            **asdict(self),
            "received_day": self.received_day.isoformat(),
            "ever_quarantined": self.ever_quarantined,
            "residue": self.residue,
            "archive_residue": self.archive_residue,
            "lost_upstream": self.lost_upstream,
        }


@dataclass(frozen=True)
class Hour:
    """What one source was sent, and what was booked, within an hour that begins at `hour`.

    sent + carried = accepted + quarantined + duplicate + conflict + in_flight + residue, where `carried` was
    in flight when it began and `in_flight` when it ended (or now). `worst_residue`: of all its minutes.

    A replay takes `replayed` events out of quarantine into the accepted, so that `quarantined`, the change of
    the hour, may be less than 0.
    """

    hour: datetime
    source: str
    sent: int
    accepted: int
    replayed: int
    quarantined: int
    duplicate: int
    conflict: int
    carried: int
    in_flight: int
    worst_residue: int

    @property
    def residue(self) -> int:
        """What the hour does not account for: 0."""
        booked = self.accepted + self.quarantined + self.duplicate + self.conflict
        return self.sent + self.carried - booked - self.in_flight

    def as_json(self) -> dict[str, object]:
        """Every number, and the residue."""
        return {**asdict(self), "hour": self.hour.isoformat(), "residue": self.residue}


@dataclass(frozen=True)
class Sender:
    """The numbers (CloudEvents extension `sequence`) of one sender's events that were received on one day.

    missing: numbers that never came; gaps: the first of them, as [from, to]. repeated: events with a number
    that another id had before. unreadable: numbers that are none.
    """

    source: str
    sender: str
    received_day: date
    events: int
    numbered: int
    unreadable: int
    lowest: int | None
    highest: int | None
    missing: int
    repeated: int
    gaps: Sequence[tuple[int, int]]

    def as_json(self) -> dict[str, object]:
        """Every number."""
        return {**asdict(self), "received_day": self.received_day.isoformat()}


def read_ledger(
    connection: psycopg.Connection,
    prefix: str,
    source: str | None = None,
    day: date | None = None,
    since: date | None = None,
) -> list[Entry]:
    """The entries of topics that begin with `prefix`, of one source, one day or since one, in their order."""
    at = {"prefix": prefix, "source": source, "day": day, "since": since}
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(READ, at).fetchall()


def read_hours(
    connection: psycopg.Connection, now: datetime, hours: int, source: str | None = None
) -> list[Hour]:
    """The running hour and the `hours` - 1 before it (24 at most), by hour and source."""
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=min(hours, MOST_HOURS) - 1)
    at = {"since": since, "first_day": day_of(since) - timedelta(days=1), "source": source}
    with connection.cursor(row_factory=class_row(Hour)) as cursor:
        return cursor.execute(HOURS, at).fetchall()


def read_senders(
    connection: psycopg.Connection, source: str | None = None, day: date | None = None
) -> list[Sender]:
    """The senders that number their events, by day, source and sender."""
    with connection.cursor(row_factory=class_row(Sender)) as cursor:
        return cursor.execute(SENDERS, {"source": source, "day": day}).fetchall()


def total(entries: Iterable[Entry], source: str, day: date) -> Entry:
    """The sum of entries, under a name and day of its own. Residues of opposite signs cancel in it."""
    found = Entry(source, day, 0, 0, 0, 0, 0, 0, 0, 0, is_over=True)
    for entry in entries:
        sums = {name: getattr(found, name) + getattr(entry, name) for name in NUMBERS}
        found = replace(found, **sums, is_over=found.is_over and entry.is_over)
    return found


NUMBERS = (
    "sent", "accepted", "quarantined", "duplicate", "conflict", "in_flight", "archived", "to_archive",
    "acknowledged", "refused", "replayed", "replayed_known",
)  # fmt: skip
