"""The terminal as a channel: its rooms, how replies and cards are drawn there, and buttons as typed commands."""
