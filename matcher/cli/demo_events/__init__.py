"""The events of the demo: made up, in the shapes that AWS and Azure send.

Identities are of example.com, addresses of the ranges kept for documentation, and account and
tenant do not exist. ``empty.json`` is empty on purpose.
"""

from pathlib import Path


def bundled_events() -> tuple[str, ...]:
    """The files, in the order in which they are replayed."""
    folder = Path(__file__).parent
    names = ("cloudtrail", "azure_activity", "entra", "envelopes", "malformed")
    return (*(str(folder / f"{name}.jsonl") for name in names), str(folder / "empty.json"))
