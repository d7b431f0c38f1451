"""What init, setup, hooks and uninstall write outside the records."""
