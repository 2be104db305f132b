"""Slack under load: a simulated Slack that keeps no rate limits, and the service's own processes behind it."""
