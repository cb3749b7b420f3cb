"""Every record of the public corpus becomes events of the log source its file is named for, and
where it does not, this says why."""

import gzip
from collections import Counter

import pytest

from matcher.events.attribution import attribute
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.record import Reject
from tests.events.promises import check_promises

pytestmark = pytest.mark.corpus

TRAIL = "Amazon AWS CloudTrail"
ACTIVITY = "Azure Activity Log"
AUDIT = "Azure Audit Log"
SIGN_IN = "Azure Sign-in Log"
M365 = "Microsoft Office 365"
GCP = "Google Cloud Audit Logs"
UNKNOWN = "Unknown"

DIAGONAL = {
    ("cloudtrail", TRAIL): 17252,
    ("env_records", TRAIL): 1014,
    ("env_eventbridge", TRAIL): 15,
    ("env_cwlogs", TRAIL): 1,
    ("azure_activity", ACTIVITY): 1091,
    ("azure_audit", AUDIT): 81,
    ("azure_signin", SIGN_IN): 99,
    ("azure_other", UNKNOWN): 109,
    ("m365_ual", M365): 704,
    ("lookalike_alibaba", UNKNOWN): 5,
    # test cases: the event is inside one, under "event"
    ("panther_cases", TRAIL): 284,
    ("panther_cases", ACTIVITY): 100,
    ("panther_cases", AUDIT): 15,
    ("panther_cases", SIGN_IN): 6,
    ("panther_cases", GCP): 20,
    ("streamalert_cases", TRAIL): 42,
}
OFF_DIAGONAL = {
    ("cloudtrail", UNKNOWN): (2, "an enrichment's test data: no key of CloudTrail is left in them"),
    ("azure_activity", UNKNOWN): (5, "storage access (GetBlob, category StorageRead), no Activity"),
    ("azure_other", AUDIT): (2, "audit records of Entra, filed under another category"),
    ("env_azrecords", UNKNOWN): (24, "flow logs: one Event Hub carries them beside Activity"),
    ("env_azrecords", ACTIVITY): (1, "the Activity record among them"),
    ("env_cwlogs", UNKNOWN): (3, "log lines that are no JSON: the log event itself is the event"),
    ("panther_cases", UNKNOWN): (163, "test cases around events of other clouds and products"),
    ("streamalert_cases", UNKNOWN): (18, "as above"),
}
NO_EVENTS = {
    ("cloudtrail_digest", "skipped: digest"): 1,
    ("env_cwlogs", "skipped: control_message"): 1,
    ("malformed_not_json", "rejected: not_json"): 1,
    ("streamalert_cases", "skipped: control_message"): 1,
}
EXPECTED = DIAGONAL | {cell: number for cell, (number, _) in OFF_DIAGONAL.items()} | NO_EVENTS


def records(folder):
    for path in sorted(folder.glob("*.jsonl.gz")):
        kind = path.name.removesuffix(".jsonl.gz").partition("__")[0]
        with gzip.open(path) as lines:
            for line in lines:
                yield kind, line.removesuffix(b"\n")


def show(table):
    width = max(len(kind) for kind, _ in table)
    for cell, number in sorted(table.items()):
        why = OFF_DIAGONAL.get(cell, (0, ""))[1]
        print(f"{cell[0]:{width}}  {cell[1]:26} {number:6}  {why}".rstrip())  # noqa: T201


def test_every_record_becomes_events_of_its_log_source(corpus):
    catalogue, table = Catalogue.load(), Counter()
    for kind, line in records(corpus):
        unwrapped = unwrap(line)
        assert unwrapped.events or unwrapped.rejects or unwrapped.skipped
        for raw in unwrapped.events:
            event = normalize(raw, 77, catalogue)
            assert not isinstance(event, Reject)
            assert catalogue.type_of(attribute(raw)) == event.log_source_type
            table[kind, event.log_source_type.name] += 1
        table.update((kind, f"rejected: {reject.reason}") for reject in unwrapped.rejects)
        table.update((kind, f"skipped: {reason}") for reason in unwrapped.skipped)
    show(table)
    assert dict(table) == EXPECTED


def test_what_a_property_promises_stands_in_every_event(corpus):
    """One event of each shape: the promises look at every run of every property."""
    catalogues, seen = [Catalogue.load(), Catalogue.load("qradar-stock")], set()
    for _, line in records(corpus):
        for raw in unwrap(line).events:
            event = normalize(raw, 77, catalogues[0])
            identity = event.document.get("userIdentity")
            inner = tuple(identity) if isinstance(identity, dict) else type(identity)
            shape = (tuple(event.document), inner)
            if shape in seen:
                continue
            seen.add(shape)
            check_promises(event, catalogues[0])
            check_promises(normalize(raw, 77, catalogues[1]), catalogues[1])
    assert len(seen) > 300
