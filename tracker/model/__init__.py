"""Frozen values and what each field may hold; no I/O."""
