"""Alembic's way in: runs the revisions on the connection that `migrate` gives."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="migration", transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
