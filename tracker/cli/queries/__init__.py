"""Commands that list, search and count."""
