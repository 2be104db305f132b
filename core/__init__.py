"""Types that all packages share: people, events, replies, outcomes, errors. Imports nothing of ours, does no work."""
