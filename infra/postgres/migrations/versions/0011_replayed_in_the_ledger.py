"""The ledger tells what left quarantine: how many of the accepted were quarantined first.

Revision ID: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# replayed: of the accepted, those that were in quarantine first. replayed_known: of the duplicates and
# conflicts, those that a replay found to be known already. They are counted by event (`ops.replayed`), the
# outcomes by their sums (`ops.tally`): two accounts of one transaction.
# One snapshot: positions and counts are committed together, so that they fit at any moment. What a query has
# passed was sent, even where Kafka's own end of the day (`seen_offset`) was looked at a few seconds earlier;
# a day that is still open ends where the next one begins, at the latest.
# After midnight queries book events of a day (or of a new topic) whose offsets nobody has looked at yet
# (`ahead`). They are then counted under the last day that was looked at, and go over to their own day with as
# many as were booked. That day has no residue of its own: what is lost shows on the day before, or once its
# offsets are known. Of a topic that is gone nothing is on its way any more: what was not read is residue.
LEDGER = """
create function ops.ledger(prefix text) returns table (
    source text, received_day date, sent bigint, accepted bigint, quarantined bigint, duplicate bigint,
    conflict bigint, in_flight bigint, archived bigint, to_archive bigint, acknowledged bigint,
    refused bigint, is_over boolean, replayed bigint, replayed_known bigint
) language sql stable as $$
    with stand as (
        select s.topic, s.received_day, s.first_offset, s.gone_at,
               s.next_offset is null and s.gone_at is null as is_open,
               coalesce(s.next_offset, least(
                   greatest(s.seen_offset, live.next_offset, archive.next_offset),
                   lead(s.first_offset) over (
                       partition by s.topic, s.topic_id, s.partition order by s.received_day)
               )) as until,
               live.next_offset as live_at, archive.next_offset as archive_at
        from ops.sent s
        left join ops.position live
            on (live.query, live.topic, live.partition, live.topic_id)
                = ('live', s.topic, s.partition, s.topic_id)
        left join ops.position archive
            on (archive.query, archive.topic, archive.partition, archive.topic_id)
                = ('archive', s.topic, s.partition, s.topic_id)
        where starts_with(s.topic, prefix)
    ), seen as (
        select substr(topic, length(prefix) + 1) as source, received_day,
               sum(until - first_offset) as sent,
               sum(until - least(until, greatest(first_offset, coalesce(live_at, 0))))
                   filter (where gone_at is null) as in_flight,
               sum(until - least(until, greatest(first_offset, coalesce(archive_at, 0))))
                   filter (where gone_at is null) as to_archive,
               bool_and(not is_open) as is_over,
               bool_or(is_open) and received_day = max(received_day) over (
                   partition by substr(topic, length(prefix) + 1)
               ) as is_last_and_open
        from stand group by 1, 2
    ), booked as (
        select t.source, t.received_day,
               sum(events) filter (where outcome = 'accepted') as accepted,
               sum(events) filter (where outcome = 'quarantined') as quarantined,
               sum(events) filter (where outcome = 'duplicate') as duplicate,
               sum(events) filter (where outcome = 'conflict') as conflict,
               coalesce(sum(events) filter (where query = 'live'), 0) as judged,
               coalesce(sum(events) filter (where query = 'archive'), 0) as archived
        from ops.tally t group by 1, 2
    ), ahead as (
        select b.source, b.received_day, greatest(judged, b.archived) as sent,
               greatest(judged, b.archived) - judged as in_flight,
               greatest(judged, b.archived) - b.archived as to_archive
        from booked b
        where b.received_day > all (select s.received_day from seen s where s.source = b.source)
    ), counted as (
        select s.source, s.received_day, s.sent - coalesce(a.sent, 0) as sent,
               coalesce(s.in_flight, 0) - coalesce(a.in_flight, 0) as in_flight,
               coalesce(s.to_archive, 0) - coalesce(a.to_archive, 0) as to_archive, s.is_over
        from seen s
        left join (
            select a.source, sum(a.sent) as sent, sum(a.in_flight) as in_flight,
                   sum(a.to_archive) as to_archive
            from ahead a group by 1
        ) a on a.source = s.source and s.is_last_and_open
        union all
        select a.source, a.received_day, a.sent, a.in_flight, a.to_archive, false from ahead a
    ), moved as (
        select r.source, r.received_day, count(*) filter (where r.outcome = 'accepted') as accepted,
               count(*) filter (where r.outcome <> 'accepted') as known
        from ops.replayed r group by 1, 2
    ), acknowledged as (
        select a.source, a.received_day, sum(a.events) as events from ops.acknowledged a group by 1, 2
    ), refused as (
        select r.source, r.received_day, sum(r.events) as events from ops.refusal r group by 1, 2
    )
    select source, received_day,
           coalesce(c.sent, 0)::bigint, coalesce(b.accepted, 0)::bigint, coalesce(b.quarantined, 0)::bigint,
           coalesce(b.duplicate, 0)::bigint, coalesce(b.conflict, 0)::bigint,
           coalesce(c.in_flight, 0)::bigint, coalesce(b.archived, 0)::bigint,
           coalesce(c.to_archive, 0)::bigint, coalesce(a.events, 0)::bigint, coalesce(r.events, 0)::bigint,
           coalesce(c.is_over, false), coalesce(m.accepted, 0)::bigint, coalesce(m.known, 0)::bigint
    from counted c
    full join booked b using (source, received_day)
    full join acknowledged a using (source, received_day)
    full join refused r using (source, received_day)
    full join moved m using (source, received_day)
$$
"""

STATEMENTS = (
    # What a function gives back cannot be altered.
    "drop function ops.ledger(text)",
    LEDGER,
    "create index replayed_received on ops.replayed (source, received_day, outcome)",
    "alter table ops.ledger_minute add column replayed bigint not null default 0",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("The ledger of before would hide what was replayed: restore a backup instead.")
