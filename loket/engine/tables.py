"""The work that several processes share: one row for each id that waits or runs. Empty where one process is alone."""

from __future__ import annotations

import sqlalchemy as sa

from storage import metadata

_Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts by itself in SQLite

work = sa.Table(
    "work",
    metadata,
    sa.Column("place", _Counter, primary_key=True, autoincrement=True),
    sa.Column("queue", sa.String(20), nullable=False),
    sa.Column("work_id", sa.String(200), nullable=False),
    sa.Column("partition", sa.String(300), nullable=False),
    sa.Column("worker", sa.String(100), nullable=False, server_default=""),
    sa.Column("claim", sa.Integer, nullable=False, server_default="0"),
    sa.Column("again", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("queue", "work_id"),
    sa.Index("ix_work_partition", "queue", "partition", "place"),
)
"""`place` is the order in a partition; `worker` has it (nobody: empty); `claim` counts how often it was handed out, so
that who had it before changes nothing any more; `again`: it was handed in once more while it ran."""

sa.Index(
    "ix_work_waiting",
    work.c.queue,
    work.c.place,
    sqlite_where=work.c.worker == "",
    postgresql_where=work.c.worker == "",
)  # in order, whatever the server believes to know of a table that is empty most of the time
sa.Index(
    "ux_work_running",
    work.c.queue,
    work.c.partition,
    unique=True,
    sqlite_where=work.c.worker != "",
    postgresql_where=work.c.worker != "",
)  # whatever else goes wrong: never two of one partition at a time
