"""Claims of rules across events, and the steps of cases with what can be said of them.

Revision ID: 0008
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    # What a rule of uniqueness let through: the key is a hash over source, rule, period and values. bucket:
    # the event day where the period is a day, else infinity. nth: 0 for the first, below the rule's times.
    """create table ops.unique_claim (
        bucket date not null,
        key uuid not null,
        nth smallint not null,
        source smallint not null,
        event_day date not null,
        position bigint not null,
        received_at timestamptz not null,
        primary key (bucket, key, nth)
    ) partition by range (bucket)""",
    """create table ops.unique_claim_longer partition of ops.unique_claim
        for values from ('9999-12-31') to (maxvalue)""",
    # Each accepted step of a case, once. Never changed: what a case is now is asked of the views below.
    """create table ops.case_step (
        source text not null,
        case_id text not null,
        step text not null,
        event_at timestamptz not null,
        received_at timestamptz not null,
        position bigint not null,
        division text,
        place text,
        primary key (source, case_id, event_at, received_at, position)
    )""",
    # The deployed contracts' life cycles. may_follow: what may come after this step; nothing ends the case.
    """create table ref.step (
        source text not null,
        step text not null,
        number int not null,
        is_start boolean not null,
        may_follow text[] not null,
        within interval,
        primary key (source, step)
    )""",
    # The step with the latest event time counts, whatever came in last.
    """create view ops.case_now as
        with last as (
            select distinct on (source, case_id)
                source, case_id, step, event_at as since, received_at, division, place
            from ops.case_step order by source, case_id, event_at desc, received_at desc, position desc
        )
        select l.source, l.case_id, l.step, l.since, l.received_at, l.division, l.place,
            coalesce(r.may_follow = '{}', false) as is_closed, l.since + r.within as due_at,
            coalesce(l.since + r.within < now() and r.may_follow <> '{}', false) as is_overdue
        from last l left join ref.step r using (source, step)""",
    "comment on view ops.case_now is '办件当前环节'",
    """create view ops.case_illegal as
        with told as (
            select *, lag(step) over (
                partition by source, case_id order by event_at, received_at, position
            ) as previous_step from ops.case_step
        )
        select t.source, t.case_id, t.previous_step, t.step, t.event_at, t.received_at, t.position,
            t.division, t.place
        from told t
        left join ref.step r on r.source = t.source and r.step = t.step
        left join ref.step p on p.source = t.source and p.step = t.previous_step
        where not case when t.previous_step is null then coalesce(r.is_start, false)
            else t.step = any(coalesce(p.may_follow, '{}')) end""",
    "comment on view ops.case_illegal is '不合流程的办件环节（按事件时间）'",
    """create view ops.case_count as
        select source, division, step, count(*) as cases, count(*) filter (where is_overdue) as overdue
        from ops.case_now group by source, division, step""",
    "comment on view ops.case_count is '办件数：按区划与当前环节'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Who came first, and where each case stands, would be lost: restore a backup instead.")
