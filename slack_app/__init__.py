"""Slack: what people write and click there comes in, what the desk says is drawn there."""
