"""Platforms that cannot be had on a laptop, with their own limits: for tests, load runs and the demo."""
