"""Find secrets in what is about to be written."""
