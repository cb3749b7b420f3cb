"""Makes a rule's alerts from what is prepared once for the rule and what each event adds."""

from typing import Any

import orjson

from matcher.alerts.alert import Alert
from matcher.alerts.document import (
    PAYLOAD_REFERENCE,
    SCHEMA,
    EventOrigin,
    encode,
    event_section,
    reason_section,
    rule_section,
)
from matcher.alerts.identity import AlertIds
from matcher.alerts.truncation import fitted
from matcher.engine.compiler import Getter, is_payload, operand
from matcher.engine.reasons import Reason
from matcher.engine.rule import Column, Rule
from matcher.engine.ruleset import RuleSet
from matcher.events.schema import Event


class AlertTemplate:
    """The alerts of one rule. ``ruleset`` is the rule set's digest; a body has at most
    ``max_bytes`` if cutting its texts can bring that about.
    """

    def __init__(self, rule: Rule, *, ruleset: str, max_bytes: int) -> None:
        self.rule = rule
        self._ids = AlertIds(rule)
        self._rule_once = _encoded_once(rule_section(rule))
        self._columns = [(column.alias, _getter(column)) for column in rule.columns]
        self._ruleset = ruleset
        self._max_bytes = max_bytes

    def alert(
        self, event: Event, why: tuple[Reason, ...], origin: EventOrigin, *, timestamp: int
    ) -> Alert:
        """The alert for an event that the rule matched for these reasons; ``timestamp`` is the
        record's.
        """
        identity = self._ids.of(event.uid)
        document = {
            "schema": SCHEMA,
            "id": identity,
            "rule": self._rule_once,
            "event": event_section(event),
            "columns": {alias: get(event) for alias, get in self._columns},
            "why": [reason_section(reason) for reason in why],
            "origin": origin.document(),
            "ruleset": self._ruleset,
            "payload": event.payload.text,
        }
        return Alert(
            id=identity,
            rule_id=self.rule.id,
            severity=self.rule.severity,
            body=self._encoded(document, event.payload.raw),
            devicetime=event.devicetime,
            timestamp=timestamp,
        )

    def _encoded(self, document: dict[str, Any], payload: bytes) -> bytes:
        try:
            body = orjson.dumps(document)
        except TypeError:  # a value that only the slow way can write
            pass
        else:
            if len(body) <= self._max_bytes:
                return body
        return fitted(
            document | {"rule": rule_section(self.rule)}, encode, payload, self._max_bytes
        )


class AlertTemplates(dict[int, AlertTemplate]):
    """The templates of a rule set, by the rule's index. Each template is made at its rule's first
    match, because most rules never match.
    """

    def __init__(self, ruleset: RuleSet, max_bytes: int) -> None:
        super().__init__()
        self._ruleset = ruleset
        self._max_bytes = max_bytes

    def __missing__(self, index: int) -> AlertTemplate:
        made = self[index] = AlertTemplate(
            self._ruleset.rules[index], ruleset=self._ruleset.digest, max_bytes=self._max_bytes
        )
        return made


def _encoded_once(section: dict[str, Any]) -> orjson.Fragment | dict[str, Any]:
    """The section as JSON; the unchanged section, where only the slow way can write it."""
    try:
        return orjson.Fragment(orjson.dumps(section))
    except TypeError:
        return section


def _getter(column: Column) -> Getter:
    if is_payload(column.operand):
        return lambda _event: PAYLOAD_REFERENCE
    return operand(column.operand)
