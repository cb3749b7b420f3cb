"""Bytes → Event: envelopes opened, fields named as QRadar names them."""
