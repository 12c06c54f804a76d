"""Quarantine as a workplace: states with their history, replays, patches, who saw an original.

Revision ID: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """alter table ops.quarantine
        add constraint quarantine_state check (state in ('待核实', '已重放', '已关闭'))""",
    "create index quarantine_open on ops.quarantine (source, received_at) where state = '待核实'",
    # Every change of a state; the row in ops.quarantine has the last one.
    """create table ops.quarantine_history (
        id bigint generated always as identity primary key,
        quarantine_id bigint not null references ops.quarantine (id) on delete cascade,
        state text not null,
        at timestamptz not null default now(),
        by text not null,
        note text not null
    )""",
    "create index quarantine_history_of on ops.quarantine_history (quarantine_id, id)",
    # One run of `minsheng quarantine replay`; finished_at is null while it works, or where it was killed.
    """create table ops.replay (
        id bigint generated always as identity primary key,
        started_at timestamptz not null default now(),
        finished_at timestamptz,
        by text not null,
        note text not null,
        selection jsonb not null,
        patch jsonb
    )""",
    # What left quarantine, committed with its counts. outcome: accepted, duplicate, conflict.
    """create table ops.replayed (
        quarantine_id bigint primary key,
        replay bigint not null references ops.replay (id),
        source text not null,
        event_day date not null,
        received_day date not null,
        outcome text not null check (outcome in ('accepted', 'duplicate', 'conflict')),
        patched boolean not null,
        contract_version text not null,
        replayed_at timestamptz not null default clock_timestamp()
    )""",
    "create index replayed_day on ops.replayed (source, event_day, replayed_at)",
    # Patched events: what a rollup reads instead of the lake's value. Accepted events only.
    """create table ops.patch (
        topic text not null,
        partition int not null,
        "offset" bigint not null,
        received_at timestamptz not null,
        source text not null,
        received_day date not null,
        value bytea not null,
        replay bigint not null references ops.replay (id),
        primary key (topic, partition, "offset", received_at)
    )""",
    "create index patch_day on ops.patch (source, received_day)",
    # Who has seen an event as it was sent: written, and committed, before it is shown.
    """create table ops.original_access (
        id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        by text not null,
        why text not null,
        source text not null,
        topic text not null,
        partition int not null,
        "offset" bigint not null,
        received_at timestamptz not null
    )""",
    "alter table ops.conflict add column number bigint generated always as identity unique",
    "create index conflict_source on ops.conflict (source, received_at)",
    # Valid events by the place that they are of: what a share in quarantine is a share of.
    """create table ops.place_day (
        source text not null,
        received_day date not null,
        place text not null,
        events bigint not null,
        primary key (source, received_day, place)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Who replayed what, and patched values, would be lost: restore a backup instead.")
