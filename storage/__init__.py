"""The database: transactions, database time, the outbox and the audit chain."""

from storage.audit import AuditEntry
from storage.engine import Database, Instant, Tx, metadata, now
from storage.outbox import OutboxItem

__all__ = ["AuditEntry", "Database", "Instant", "OutboxItem", "Tx", "metadata", "now"]
