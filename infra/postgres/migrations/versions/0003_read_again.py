"""Offsets that Kafka gives away anew, and queries that do not go on.

Revision ID: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    # An offset is given away anew where Kafka lost its log, and in a topic that was made anew. The received
    # time tells another record from one that is read again.
    'alter table ops.quarantine drop constraint "quarantine_topic_partition_offset_key"',
    'alter table ops.quarantine add unique (topic, partition, "offset", received_at)',
    "alter table ops.conflict drop constraint conflict_pkey",
    "alter table ops.conflict add primary key (topic, second_position, received_at)",
    # Since when the query is behind and has committed nothing; null while it goes on.
    "alter table ops.heartbeat add column stuck_since timestamptz",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("One offset may stand there twice by now: restore a backup instead.")
