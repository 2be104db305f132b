"""LDAP, for every directory that speaks it: verified connections in own threads, escaped values, checked results."""
