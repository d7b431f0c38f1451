"""`bd doctor` and what git hooks check."""
