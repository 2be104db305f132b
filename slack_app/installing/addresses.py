"""Where Slack and browsers find us, below the public address."""

from __future__ import annotations

EVENTS_PATH = "/slack/events"
INSTALL = "/slack/install"
REDIRECT = "/slack/oauth_redirect"
