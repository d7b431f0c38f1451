"""Import, export, migrate and plans."""
