"""Alembic's way in: runs on the connection that `loket.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from loket.migrate import all_tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=all_tables(), compare_type=True, render_as_batch=False)
context.run_migrations()
