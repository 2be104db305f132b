"""The service: one process or many, in roles, with a heartbeat, a drain and somebody to take over."""
