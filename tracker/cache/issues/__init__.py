"""The cache of issues."""
