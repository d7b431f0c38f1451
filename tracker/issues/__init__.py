"""What can be done to issues and asked of them; pure."""
