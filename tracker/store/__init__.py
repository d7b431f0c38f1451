"""The only place where bytes of the log change."""
