"""What a process and its workers have used, as the system accounts for it."""

import psutil


def cpu_seconds(pid: int) -> float:
    """CPU seconds of the process and of all its descendants, the ended ones among them."""
    total = 0.0
    for process in _family(pid):
        used = process.cpu_times()
        total += used.user + used.system + used.children_user + used.children_system
    return total


def largest_mib(pid: int) -> float:
    """MiB in memory of the largest process among it and its descendants."""
    return max(process.memory_info().rss for process in _family(pid)) / 2**20


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]
