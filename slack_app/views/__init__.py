"""Records to blocks: pure functions, nothing here calls Slack."""
