"""Google Cloud's audit log entries under the names that public rules have for their fields."""

import json

import pytest

from matcher.engine.ruleset import RuleSet
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.sigma import How, compile_detection, field_uses
from matcher.languages.sigma.log_sources import log_sources
from tests.factories import make_rule
from tests.languages.sigma.aliases import sigma_rule

CATALOGUE = Catalogue.load()
FIREWALL = {
    "insertId": "f-1",
    "logName": "projects/shop-prod/logs/cloudaudit.googleapis.com%2Factivity",
    "timestamp": "2026-03-04T05:06:07.123Z",
    "resource": {"type": "gce_firewall_rule", "labels": {"project_id": "shop-prod"}},
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "compute.googleapis.com",
        "methodName": "v1.compute.firewalls.insert",
        "resourceName": "projects/shop-prod/global/firewalls/let-in",
        "authenticationInfo": {"principalEmail": "kim@example.org"},
        "authorizationInfo": [
            {"permission": "compute.networks.updatePolicy", "granted": False},
            {"permission": "compute.firewalls.create", "granted": True},
        ],
        "requestMetadata": {"callerIp": "203.0.113.7", "callerSuppliedUserAgent": "gcloud/500"},
        "request": {
            "direction": "INGRESS",
            "sourceRanges": ["0.0.0.0/0"],
            "alloweds": [{"IPProtocol": "tcp", "ports": ["22"]}],
        },
    },
}
SINK = {
    **FIREWALL,
    "protoPayload": {
        "serviceName": "logging.googleapis.com",
        "methodName": "google.logging.v2.ConfigServiceV2.UpdateSink",
        "request": {"sink": {"disabled": True, "name": "to-siem"}},
    },
}

HOLDS = [
    (FIREWALL, {"gcp.audit.method_name": ["v*.Compute.Firewalls.Insert"]}),
    (
        FIREWALL,
        {
            "gcp.audit.method_name|endswith": [".firewalls.insert", ".firewalls.patch"],
            "gcp.audit.request.source_ranges": "0.0.0.0/0",
            "gcp.audit.request.alloweds.ports": 22,
            "gcp.audit.request.direction": "INGRESS",
        },
    ),
    (
        FIREWALL,
        {
            "data.protoPayload.authorizationInfo.permission": ["compute.firewalls.create"],
            "data.protoPayload.authorizationInfo.granted": "true",
            "data.protoPayload.serviceName": "compute.googleapis.com",
        },
    ),
    (FIREWALL, {"data.protoPayload.authorizationInfo.granted": True}),
    (FIREWALL, {"gcp.audit.authentication_info.principal_email|endswith": "@example.org"}),
    (FIREWALL, {"gcp.audit.request_metadata.caller_ip|cidr": "203.0.113.0/24"}),
    (FIREWALL, {"protoPayload.methodName|endswith": ".insert", "resource.type|startswith": "gce"}),
    (FIREWALL, {"methodName|contains": "firewalls"}),
    (
        SINK,
        {"gcp.audit.method_name|endswith": ".UpdateSink", "gcp.audit.request.sink.disabled": True},
    ),
]
FAILS = [
    (SINK, {"gcp.audit.method_name": ["v*.Compute.Firewalls.Insert"]}),
    (FIREWALL, {"gcp.audit.request.alloweds.ports": 443}),
    (FIREWALL, {"gcp.method_name": "v1.compute.firewalls.insert"}),
    (FIREWALL, {"data.serviceName": "storage.googleapis.com"}),
    ({"eventName": "CreateUser", "awsRegion": "r"}, {"gcp.audit.method_name": None}),
]


@pytest.mark.parametrize(
    ("entry", "selection", "holds"),
    [(*row, True) for row in HOLDS] + [(*row, False) for row in FAILS],
)
def test_a_rule_of_gcp_audit(entry, selection, holds):
    expression = compile_detection(sigma_rule("gcp/gcp.audit", selection), CATALOGUE).expression
    rules = RuleSet([make_rule(expression)], CATALOGUE.log_source_types)
    (raw,) = unwrap(json.dumps(entry).encode()).events
    event = normalize(raw, None, CATALOGUE)
    assert bool(rules.match(event)) is holds
    assert bool(rules.match_naive(event)) is holds


@pytest.mark.parametrize(
    ("name", "how", "path"),
    [
        ("protoPayload.methodName", How.DIRECT, "protoPayload.methodName"),
        ("gcp.audit.method_name", How.ALIAS, "protoPayload.methodName"),
        ("data.protoPayload.serviceName", How.ALIAS, "protoPayload.serviceName"),
        ("data.protoPayload.logName", How.ALIAS, "logName"),
        ("gcp.audit.request.sink.disabled", How.BY_SERVICE, "protoPayload.request"),
        ("gcp.audit.method_nam", How.NEVER_SEEN, ""),
    ],
)
def test_where_a_name_is_found(name, how, path):
    sources = log_sources(product="gcp", service="gcp.audit", category=None)
    (use,) = field_uses(sources, [name])
    assert (use.how, use.path) == (how, path)
