"""Microsoft Graph: tokens from Entra ID, our own HTTP client, and what both directory and accounts read with it."""
