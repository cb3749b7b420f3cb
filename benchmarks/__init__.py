"""Measurements: ratios of one run. ``python -m benchmarks.run``."""
