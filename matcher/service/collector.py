"""Makes Python's cycle collector run rarely."""

import gc


def calm_collector() -> None:
    """Make the cycle collector run rarely.

    The objects of a record are freed by their reference counts. With its default settings the
    collector would take a third to a half of the reading time (docs/reference/kafka.md, "What
    reading costs"), and as much of the time to load thousands of rules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
