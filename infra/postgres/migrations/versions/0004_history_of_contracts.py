"""What was done to a contract, and by which statements its tables were made.

Revision ID: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # SHA-256 of the statements that made the source's tables; null: made before this was written down.
    "alter table ops.contract add column tables_digest text",
    "alter table ops.contract_history add column action text not null default 'deploy'"
    " check (action in ('deploy', 'back', 'retire'))",
    "create index contract_history_source on ops.contract_history (source, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise RuntimeError("What was retired and when would be forgotten: restore a backup instead.")
