"""Commands that change issues."""
