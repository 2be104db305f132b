"""The life of a draft of policies at the command line: drafted, looked at, tried, proposed, rolled back."""
