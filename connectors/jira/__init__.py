"""Jira, Cloud and Data Center: what the ticket connector speaks with it."""
