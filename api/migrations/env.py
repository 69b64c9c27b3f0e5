"""Runs inside `api.database`, which hands over an open connection and its transaction."""

from alembic import context

from api.database import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    render_as_batch=True,  # SQLite alters a table by making it anew
)
with context.begin_transaction():
    context.run_migrations()
