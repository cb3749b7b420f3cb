"""Python's cycle collector, made rare."""

import gc


def calm_collector() -> None:
    """Make the cycle collector rare: what a record leaves behind dies by its reference count.

    Left at its defaults it costs a third to a half of the reading (docs/reference/kafka.md,
    "What reading costs"), and as much of the loading of thousands of rules.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
