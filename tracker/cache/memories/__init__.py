"""The cache of memories."""
