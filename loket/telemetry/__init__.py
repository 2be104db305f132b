"""Metrics and traces of the service, and their settings."""
