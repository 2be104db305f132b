"""Tools that admins bring in: documents, their versions, what is in force, and a loader for each kind."""
