"""What is common in audit events is no text to find a rule by."""

import pytest

from matcher.engine.commonness import commonness


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ("decrypt", "kms.amazonaws.com"),
        ("runinstances", "elasticloadbalancing.amazonaws.com"),
        ("query", "111122223333"),
        ("query", "eu-central-1"),
        ("microsoft.compute/virtualmachines/write", "microsoft.compute"),
        ("iam.amazonaws.com", "amazonaws.com"),
        ("iam.amazonaws.com", "sourceipaddress"),
        ("createuser", "create"),
        ("abc", "true"),
        ("setiampolicy", "type.googleapis.com/google.cloud.audit.auditlog"),
        ("setiampolicy", "compute.googleapis.com"),
    ],
)
def test_the_rarer_of_two(rare, common):
    assert commonness(rare) < commonness(common)


def test_many_names_are_still_rarer_than_a_service():
    assert 1000 * commonness("runinstances") < commonness("ec2.amazonaws.com")
