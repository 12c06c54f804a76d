"""Quarantined events of a place are found without reading all of their source.

Revision ID: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What a group's share is a share of is asked for every row that the page shows (`quarantine groups`).
INDEX = "create index quarantine_place on ops.quarantine (source, place, received_at)"


def upgrade() -> None:
    op.execute(INDEX)


def downgrade() -> None:
    op.execute("drop index ops.quarantine_place")
