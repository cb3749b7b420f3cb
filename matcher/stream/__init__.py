"""Kafka in, Kafka out: reads records, hands them to the pipeline, and writes what the pipeline
gives.

Offsets follow the acknowledgements (:mod:`.offsets`), and one owner reads and writes
(:mod:`.worker`). Only :mod:`.client`, :mod:`.source`, :mod:`.sink` and :mod:`.preflight` know the
Kafka client.
"""
