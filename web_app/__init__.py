"""HTTP: the signed JSON door, health and metrics; later the web page."""
