"""Accounts of chat channels that people link to themselves: made, told, ended, reported as unwanted."""
