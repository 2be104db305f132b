"""The history of the tables, as Alembic revisions: `python -m loket.migrate "what changes"` writes the next one."""
