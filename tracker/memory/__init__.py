"""What can be done to memories and asked of them; pure."""
