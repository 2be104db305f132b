"""Who counts before they add must not count at the same moment as another: one transaction a person, on Postgres.

On SQLite every writing transaction is alone anyway. Who holds one of these waits for nobody that could wait for it:
a requester is taken before a subject, an approver after the row of the action, and the audit's own lock last. A switch
is a person here, too: who asks whether it was switched off once more must know of everybody who is at it.
"""

from __future__ import annotations

from typing import Literal

import sqlalchemy as sa

from storage import Tx

_LOCK = sa.text("SELECT pg_advisory_xact_lock(hashtext(:what), hashtext(:who))")


def one_at_a_time(tx: Tx, what: Literal["requester", "subject", "approver", "switch"], who: str) -> None:
    """Wait until no other transaction holds this person in this part; hold them until this one ends."""
    if tx.is_postgres:
        tx.execute(_LOCK, {"what": f"loket {what}", "who": who})
