"""A batch of records → everything that it causes."""
