"""Comparisons with finance, and backfills as objects that somebody reviews.

Revision ID: 0009
"""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    # A finance department's file against a day of a source. differences: as `minsheng reconcile show` says.
    """create table ops.finance_check (
        id bigint generated always as identity primary key,
        source text not null,
        event_day date not null,
        revision int,
        made_at timestamptz not null default now(),
        made_by text not null,
        file text not null,
        file_digest text not null,
        fields jsonb not null,
        lines int not null,
        faults int not null,
        finance_fen bigint,
        finance_events bigint,
        platform_fen bigint,
        platform_events bigint not null,
        different int not null,
        result jsonb not null
    )""",
    "create index finance_check_day on ops.finance_check (source, event_day, made_at)",
    # Days built anew by one backfill, published together or not at all.
    """create table ops.review (
        id bigint generated always as identity primary key,
        made_at timestamptz not null default now(),
        made_by text not null,
        first_day date not null,
        last_day date not null,
        sources jsonb not null,
        state text not null default 'building'
            check (state in ('building', 'ready', 'published', 'taken_back')),
        decided_at timestamptz,
        decided_by text
    )""",
    # One day of it. base: the revision that readers saw when it was built; null: none. revision: the one that
    # was built, null where nothing was. run: what ops.rollup and ops.validation get when it is published.
    """create table ops.review_day (
        review bigint not null references ops.review (id),
        source text not null,
        event_day date not null,
        outcome text not null check (outcome in ('staged', 'unchanged', 'refused', 'failed')),
        base int,
        revision int,
        message text not null,
        run jsonb,
        primary key (review, source, event_day)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was compared and reviewed would be forgotten: restore a backup instead.")
