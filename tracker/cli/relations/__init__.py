"""Commands about labels, comments, dependencies and duplicates."""
