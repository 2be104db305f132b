"""The audit for a SIEM: the rows of the chain as JSON lines, in order, each once, as OCSF or as they are."""
