"""What the limits of the topics mean."""

import pytest

from matcher.config import OutputSettings, Settings
from matcher.errors import ConfigError
from matcher.stream.preflight import check_limits

_DEFAULT = 1_048_588
"""Kafka's own ``max.message.bytes``."""


def _limits(**changes):
    names = {
        "input": "cloud-audit",
        "alerts": "cloud-audit-alerts",
        "letters": "cloud-audit-dead-letters",
        "forward": "siem",
    }
    return {topic: changes.get(name, _DEFAULT) for name, topic in names.items()}


SETTINGS = Settings(output=OutputSettings(forward_topic="siem"))


def test_a_cluster_as_it_comes_raises_no_warning():
    fit = check_limits(_limits(), SETTINGS)
    assert fit.warnings == ()
    assert fit.batch_bytes == SETTINGS.output.max_batch_bytes


def test_topics_whose_limits_we_may_not_know_raise_no_warning():
    fit = check_limits({}, SETTINGS)
    assert (fit.warnings, fit.batch_bytes) == ((), SETTINGS.output.max_batch_bytes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"letters": 500_000}, "topic cloud-audit-dead-letters takes 500000 bytes, the input"),
        ({"forward": 500_000}, "topic siem takes 500000 bytes, the input 1048588"),
        ({"alerts": 500_000}, "topic cloud-audit-alerts takes 500000 bytes, alert.max_bytes is"),
    ],
)
def test_a_topic_that_takes_less_than_may_come_is_told(changes, said):
    (warning,) = check_limits(_limits(**changes), SETTINGS).warnings
    assert said in warning


def test_an_input_that_holds_more_than_we_write_is_told():
    warnings = check_limits(_limits(input=8_000_000), SETTINGS).warnings
    assert any(
        "output.max_request_bytes is 1048576, the input takes 8000000" in w for w in warnings
    )


def test_batches_fit_the_smallest_topic_so_that_no_good_record_is_refused():
    assert check_limits(_limits(alerts=100_000), SETTINGS).batch_bytes == 100_000


def test_a_dead_letter_topic_that_cannot_hold_a_stub_is_an_error():
    with pytest.raises(ConfigError, match="cloud-audit-dead-letters takes 1000 bytes"):
        check_limits(_limits(letters=1000), SETTINGS)
