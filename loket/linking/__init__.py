"""Accounts of chat channels that people link to themselves: offered, found by address, kept in order."""
