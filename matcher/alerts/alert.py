"""An alert, ready to be written."""

import msgspec

from matcher.engine.rule import Severity


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One match of one rule in one event.

    ``body`` is the JSON document of ``docs/alert.md`` ("cloud-audit-alert/1"), a function of the
    record and the rule set alone. ``id`` is the record's key. ``devicetime`` and ``timestamp``
    are epoch milliseconds: the event's own time, and the record's.
    """

    id: str
    rule_id: str
    severity: Severity
    body: bytes
    devicetime: int | None
    timestamp: int
