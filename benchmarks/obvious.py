"""The detection ``cloud-api-t1059-009`` as one writes it by hand in an afternoon: the yardstick.

orjson for the event, a set for the names of AWS's calls, an Aho-Corasick automaton over the
lower-cased text for what Azure Resource Manager does. It does not tell log sources apart, opens no
envelope, refuses no record, explains nothing; its alert is the event with the rule's name.
"""

import ahocorasick
import orjson

NAMES = {
    *("CreateUser", "AttachUserPolicy", "CreateAccessKey", "CreateRole", "AssumeRole"),
    *("GetSessionToken", "PutBucketPolicy", "DeleteBucketPolicy", "CreateFunction"),
    *("UpdateFunctionCode", "RunInstances", "CreateKeyPair", "StopLogging", "DeleteTrail"),
    *("PutEventSelectors", "DisableGuardDuty", "DeleteDetector", "CreateGroup"),
    "AddMemberToGroup",
}
NEEDLES = ("roledefinitions/write", "roleassignments/write", "virtualmachines/write")

_automaton = ahocorasick.Automaton()
for _needle in NEEDLES:
    _automaton.add_word(_needle, _needle)
_automaton.make_automaton()


def detect(raw: bytes) -> bytes | None:
    """The alert of one event, or None."""
    event = orjson.loads(raw)
    name = event.get("eventName")
    known = isinstance(name, str) and name in NAMES
    if known or next(_automaton.iter(raw.decode().lower()), None):
        return orjson.dumps({"rule": "cloud-api-t1059-009", "event": event})
    return None
