"""Refused lines of a file are known by the file, so that importing it again does not count them again.

Revision ID: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Fingerprint of the file that a line is of; empty for what came through the gateway.
    "alter table ops.refusal add column file text not null default ''",
    "alter table ops.refusal drop constraint refusal_pkey",
    "alter table ops.refusal add primary key (way, source, received_day, code, file)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("Two files may have the same counts by now: restore a backup instead.")
