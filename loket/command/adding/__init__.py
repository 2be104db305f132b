"""Behind `loket tools`: reading a source, the interview, the checks put together, and what is said of versions."""
