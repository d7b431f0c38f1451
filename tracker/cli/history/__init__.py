"""Commands about the past: history, diff, undo, conflicts."""
