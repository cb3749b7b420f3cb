"""Bytes → Event: opens envelopes, and gives fields QRadar's names."""
