"""What is known of a rule's field names."""

from matcher.languages.sigma.known_fields import FieldUse, How, field_uses, known_fields
from matcher.languages.sigma.log_sources import log_sources


def use(service: str, name: str, product: str = "azure") -> FieldUse:
    (found,) = field_uses(log_sources(product=product, service=service, category=None), [name])
    return found


def test_a_name_that_records_have():
    assert use("activitylogs", "operationName") == FieldUse(
        "operationName", How.DIRECT, "operationName"
    )


def test_a_name_that_is_read_elsewhere():
    assert use("auditlogs", "properties.message").path == "properties.activityDisplayName"
    assert use("signinlogs", "ClientApp").path == "properties.clientAppUsed"
    assert use("signinlogs", "DeviceDetail.trusttype").how is How.ALIAS


def test_a_name_in_the_spelling_of_another_producer():
    found = use("auditlogs", "TargetResources.ModifiedProperties.NewValue")
    assert (found.how, found.path) == (
        How.ALIAS,
        "targetResources.modifiedProperties.newValue",
    )


def test_a_name_with_brackets_is_the_one_without():
    found = use("auditlogs", "targetResources[0].modifiedProperties{}.newValue")
    assert (found.how, found.path) == (
        How.DIRECT,
        "targetResources.modifiedProperties.newValue",
    )
    assert use("cloudtrail", "resources[0].ARN", product="aws").how is How.DIRECT
    assert use("cloudtrail", "resources[0].arm", product="aws").how is How.NEVER_SEEN


def test_a_name_below_what_is_each_services_own():
    found = use("cloudtrail", "requestParameters.neverHeardOf", product="aws")
    assert (found.how, found.path) == (How.BY_SERVICE, "requestParameters")


def test_a_name_that_documents_alone_have():
    found = use("cloudtrail", "edgeDeviceDetails", product="aws")
    assert found.how is How.DIRECT


def test_a_name_that_was_never_seen():
    found = use("cloudtrail", "userIdentity.usrName", product="aws")
    assert (found.how, found.nearest) == (How.NEVER_SEEN, "userIdentity.userName")
    assert use("signinlogs", "Count").how is How.NEVER_SEEN


def test_of_several_spellings_the_commonest_is_the_nearest():
    assert use("cloudtrail", "eventNaem", product="aws").nearest == "eventName"


def test_a_name_is_known_where_one_of_the_log_sources_has_it():
    assert use(None, "riskEventType").path == "properties.riskEventType"


def test_every_log_source_has_fields():
    for name, known in known_fields().items():
        seen_in_records = any(known.counts.values())
        assert len(known.counts) > (100 if seen_in_records else 40), name
