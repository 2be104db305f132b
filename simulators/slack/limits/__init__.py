"""What Slack accepts in blocks, messages, views and manifests, written down from its documentation."""
