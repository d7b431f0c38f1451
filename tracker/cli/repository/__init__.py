"""Commands about the workspace and its repository."""
