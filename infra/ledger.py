"""The ledger: what Kafka was sent, against what became of it. Nothing is lost while every residue is 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date

import psycopg
from psycopg.rows import class_row

# One snapshot: positions and counts are committed together, so that they fit at any moment. What a query has
# passed was sent, even where Kafka's own end of the day (`seen_offset`) was looked at a few seconds earlier;
# a day that is still open ends where the next one begins, at the latest.
# After midnight queries book events of a day (or of a new topic) whose offsets nobody has looked at yet
# (`ahead`). They are then counted under the last day that was looked at, and go over to their own day with as
# many as were booked. That day has no residue of its own: what is lost shows on the day before, or once its
# offsets are known.
READ = """
    with stand as (
        select s.topic, s.received_day, s.first_offset, s.next_offset is null as is_open,
               coalesce(s.next_offset, least(
                   greatest(s.seen_offset, live.next_offset, archive.next_offset),
                   lead(s.first_offset) over (partition by s.topic, s.partition order by s.received_day)
               )) as until,
               live.next_offset as live_at, archive.next_offset as archive_at
        from ops.sent s
        left join ops.position live
            on live.query = 'live' and live.topic = s.topic and live.partition = s.partition
        left join ops.position archive
            on archive.query = 'archive' and archive.topic = s.topic and archive.partition = s.partition
        where starts_with(s.topic, %(prefix)s)
    ), seen as (
        select substr(topic, length(%(prefix)s) + 1) as source, received_day,
               sum(until - first_offset) as sent,
               sum(until - least(until, greatest(first_offset, coalesce(live_at, 0)))) as in_flight,
               sum(until - least(until, greatest(first_offset, coalesce(archive_at, 0)))) as to_archive,
               bool_or(is_open) and received_day = max(received_day) over (
                   partition by substr(topic, length(%(prefix)s) + 1)
               ) as is_last_and_open
        from stand group by 1, 2
    ), booked as (
        select source, received_day,
               sum(events) filter (where outcome = 'accepted') as accepted,
               sum(events) filter (where outcome = 'quarantined') as quarantined,
               sum(events) filter (where outcome = 'duplicate') as duplicate,
               sum(events) filter (where outcome = 'conflict') as conflict,
               coalesce(sum(events) filter (where query = 'live'), 0) as judged,
               coalesce(sum(events) filter (where query = 'archive'), 0) as archived
        from ops.tally group by 1, 2
    ), ahead as (
        select source, received_day, greatest(judged, archived) as sent,
               greatest(judged, archived) - judged as in_flight,
               greatest(judged, archived) - archived as to_archive
        from booked b
        where received_day > all (select received_day from seen where seen.source = b.source)
    ), sent as (
        select source, received_day, s.sent - coalesce(a.sent, 0) as sent,
               s.in_flight - coalesce(a.in_flight, 0) as in_flight,
               s.to_archive - coalesce(a.to_archive, 0) as to_archive
        from seen s
        left join (
            select source, true as is_last_and_open, sum(sent) as sent, sum(in_flight) as in_flight,
                   sum(to_archive) as to_archive
            from ahead group by 1
        ) a using (source, is_last_and_open)
        union all
        select source, received_day, sent, in_flight, to_archive from ahead
    )
    select source, received_day,
           coalesce(sent, 0)::bigint as sent,
           coalesce(accepted, 0)::bigint as accepted,
           coalesce(quarantined, 0)::bigint as quarantined,
           coalesce(duplicate, 0)::bigint as duplicate,
           coalesce(conflict, 0)::bigint as conflict,
           coalesce(in_flight, 0)::bigint as in_flight,
           coalesce(archived, 0)::bigint as archived,
           coalesce(to_archive, 0)::bigint as to_archive
    from sent full join booked using (source, received_day)
    where (%(source)s::text is null or source = %(source)s)
      and (%(day)s::date is null or received_day = %(day)s)
    order by received_day, source
"""


@dataclass(frozen=True)
class Entry:
    """One source and day of receipt (Asia/Shanghai), in numbers of events.

    `sent` is by Kafka's offsets, the four outcomes are what the live query booked, `in_flight` what it has
    not read yet; `archived` and `to_archive` are the same for the lake.
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

    @property
    def residue(self) -> int:
        """Sent and not accounted for: 0, or events were lost (more than 0) or counted twice (less)."""
        return self.sent - self.accepted - self.quarantined - self.duplicate - self.conflict - self.in_flight

    @property
    def archive_residue(self) -> int:
        """Sent, neither in the lake nor waiting for it: 0."""
        return self.sent - self.archived - self.to_archive

    @property
    def balances(self) -> bool:
        """Whether both residues are 0."""
        return self.residue == 0 and self.archive_residue == 0

    def as_json(self) -> dict[str, object]:
        """Every number, and both residues."""
        return {
            **asdict(self),
            "received_day": self.received_day.isoformat(),
            "residue": self.residue,
            "archive_residue": self.archive_residue,
        }


def read_ledger(
    connection: psycopg.Connection, prefix: str, source: str | None = None, day: date | None = None
) -> list[Entry]:
    """The entries of topics that begin with `prefix`, of one source or day if asked, by day and source."""
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(READ, {"prefix": prefix, "source": source, "day": day}).fetchall()


def total(entries: Iterable[Entry], source: str, day: date) -> Entry:
    """The sum of entries, under a name and day of its own."""
    found = Entry(source, day, 0, 0, 0, 0, 0, 0, 0, 0)
    for entry in entries:
        sums = {name: getattr(found, name) + getattr(entry, name) for name in NUMBERS}
        found = replace(found, **sums)
    return found


NUMBERS = (
    "sent", "accepted", "quarantined", "duplicate", "conflict", "in_flight", "archived", "to_archive",
)  # fmt: skip
