"""The running service under load: real processes, a real database, people who do not wait for each other."""
