"""Sends what waits in the outbox, and shows answers while they are being written."""
