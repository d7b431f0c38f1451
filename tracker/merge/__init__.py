"""The three-way merge: bytes in, bytes out."""
