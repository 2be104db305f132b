"""The simulated Web API, a family of methods a file."""
