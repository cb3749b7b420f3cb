"""AQL that another tool made of Sigma rules decides as those rules do, said here by hand.

The conversion drops the event source: where several services log a name it finds more, never less.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.engine.compiler import predicate
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.aql import compile_query
from matcher.rulebook import load_rules


@dataclass(frozen=True)
class Said:
    """What a Sigma rule says: event source, event names, what the user agent holds or must not."""

    sources: tuple[str, ...]
    names: tuple[str, ...]
    agent: str = ""
    no_agent: str | None = None

    def holds(self, event: dict) -> bool:
        agent = str(event.get("userAgent") or "").lower()
        return (
            str(event.get("eventSource")).lower().split(".")[0] in self.sources
            and str(event.get("eventName")).lower() in {name.lower() for name in self.names}
            and self.agent in agent
            and (self.no_agent is None or self.no_agent not in agent)
        )


GROUPS = tuple(f"{a}SecurityGroup{d}gress" for a in ("Authorize", "Revoke") for d in ("E", "In"))
RULES = {
    "aws_cloudtrail_disable_logging": Said(
        ("cloudtrail",), ("StopLogging", "UpdateTrail", "DeleteTrail")
    ),
    "aws_cloudtrail_security_group_change_ingress_egress": Said(("ec2",), GROUPS),
    "aws_console_getsignintoken": Said(
        ("signin",), ("GetSigninToken",), no_agent="jersey/${project.version}"
    ),
    "aws_iam_s3browser_user_or_accesskey_creation": Said(
        ("iam",), ("CreateUser", "CreateAccessKey"), "s3 browser"
    ),
    "aws_iam_s3browser_loginprofile_creation": Said(
        ("iam",), ("GetLoginProfile", "CreateLoginProfile"), "s3 browser"
    ),
    "aws_kms_import_key_material": Said(
        ("kms",), ("ImportKeyMaterial", "DeleteImportedKeyMaterial")
    ),
    "aws_cloudtrail_new_acl_entries": Said(("ec2",), ("CreateNetworkAclEntry",)),
    "aws_snapshot_backup_exfiltration": Said(("ec2",), ("ModifySnapshotAttribute",)),
    "aws_sts_getcalleridentity_trufflehog": Said(("sts",), ("GetCallerIdentity",), "trufflehog"),
    "aws_susp_saml_activity": Said(("sts", "iam"), ("AssumeRoleWithSAML", "UpdateSAMLProvider")),
}
WIDENED = {
    "aws_s3_data_management_tampering": Said(
        ("s3",),
        (
            *("PutBucketLogging", "PutBucketWebsite", "PutEncryptionConfiguration"),
            *("PutLifecycleConfiguration", "PutReplicationConfiguration", "ReplicateObject"),
            "RestoreObject",
        ),
    ),
    "aws_eks_cluster_created_or_deleted": Said(("eks",), ("CreateCluster", "DeleteCluster")),
}


@pytest.fixture(scope="module")
def events(corpus):
    """The corpus's CloudTrail events that name their source: as they are, and normalized."""
    catalogue, found = Catalogue.load(), []
    for file in sorted(corpus.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():
            for raw in unwrap(line).events:
                event = normalize(raw, 0, catalogue)
                document = json.loads(raw.raw.decode("utf-8", "replace"))
                source = str(document.get("eventSource"))
                if event.log_source_type.id == 347 and source.endswith(".amazonaws.com"):
                    found.append((document, event))
    return found


@pytest.fixture(scope="module")
def statements(corpus):
    lines = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {
        row["file"].removesuffix(".yml"): row["aql"] for row in rows if "fields" in row["pipeline"]
    }


@pytest.mark.corpus
def test_ten_rules_decide_alike(events, statements):
    matched = 0
    for name, said in RULES.items():
        holds = predicate(compile_query(statements[name], Catalogue.load()).expression)
        for document, event in events:
            assert holds(event) == said.holds(document), (name, document)
            matched += holds(event)
    assert matched > 20


@pytest.mark.corpus
def test_where_the_source_counts_the_conversion_finds_more(events, statements):
    for name, said in WIDENED.items():
        holds = predicate(compile_query(statements[name], Catalogue.load()).expression)
        assert all(holds(event) for document, event in events if said.holds(document))


FOUND_BESIDES = {
    ("fields", "aws_s3_data_management_tampering"): 2,
    ("payload", "aws_s3_data_management_tampering"): 2,
    ("fields", "aws_cloudtrail_region_enabled"): 2,
    ("payload", "aws_cloudtrail_region_enabled"): 2,
    ("payload", "aws_cloudtrail_console_login_success_without_mfa"): 7,
    ("payload", "aws_ec2_startup_script_change"): 4,
    ("payload", "aws_new_lambda_layer_attached"): 11,
    ("payload", "aws_rds_change_master_password"): 23,
    ("payload", "aws_root_account_usage"): 1772,
    ("payload", "aws_sts_assumerole_misuse"): 242,
}
"""On how many events a statement holds and its rule does not: without the event source an event's
name is found in every service, and what a rule asks of one field may stand anywhere in the payload.
"""


@pytest.mark.corpus
def test_every_statement_finds_what_its_sigma_rule_finds(events, corpus):
    catalogue = Catalogue.load()
    book = load_rules([corpus.parent / "sigma" / "rules" / "cloud" / "aws"], catalogue)
    holds = {Path(rule.file).stem: predicate(rule.expression) for rule in book.rules}
    lines = (corpus.parent / "aql" / "sigma-aws.jsonl").read_text("utf-8").splitlines()
    besides = {}
    for row in map(json.loads, lines):
        name, pipeline = Path(row["file"]).stem, row["pipeline"].split("_")[1]
        statement = predicate(compile_query(row["aql"], catalogue).expression)
        outcomes = [(statement(event), holds[name](event)) for _, event in events]
        assert (False, True) not in outcomes
        besides[pipeline, name] = outcomes.count((True, False))
    assert len(besides) == 85
    assert {key: count for key, count in besides.items() if count} == FOUND_BESIDES
