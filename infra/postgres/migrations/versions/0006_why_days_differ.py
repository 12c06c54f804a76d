"""Why a published day is not what live has counted: rows that add up to the difference.

Revision ID: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    # What live had when the day was built, and the sums of the day itself. Null: published before this was
    # noted.
    """alter table mart.publication
        add column live_events bigint, add column live_sums jsonb, add column sums jsonb,
        add column compared_at timestamptz""",
    # accepted = live_events + the sum of a revision's rows. examples: positions (partition << 40 | offset).
    """create table mart.difference (
        source text not null,
        event_day date not null,
        revision int not null,
        cause text not null check (cause in ('late', 'unread', 'duplicate', 'conflict', 'forgotten',
            'replayed', 'contract', 'unique', 'unexplained')),
        events bigint not null,
        sums jsonb not null,
        examples jsonb not null,
        primary key (source, event_day, revision, cause)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Why published days differ could not be told any more: restore a backup instead.")
