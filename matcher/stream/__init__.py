"""Kafka in, Kafka out: records are read, handed to the pipeline, and what it says is written.

Offsets follow the acknowledgements (:mod:`.offsets`), one owner reads and writes
(:mod:`.worker`), and only :mod:`.client`, :mod:`.source`, :mod:`.sink` and :mod:`.preflight` know
the Kafka client.
"""
