"""Events that say they were made under another version of their contract than the one that judged them.

Revision ID: 0010
"""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # version: one of the source's history, or 'unknown', so that no sender can make it long.
    """create table ops.made_under (
        source text not null,
        received_day date not null,
        version text not null,
        events bigint not null,
        primary key (source, received_day, version)
    )""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table ops.made_under")
