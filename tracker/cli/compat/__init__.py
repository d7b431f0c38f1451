"""Commands of Beads that do nothing here."""
