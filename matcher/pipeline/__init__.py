"""A batch of records in, everything that it causes out."""
