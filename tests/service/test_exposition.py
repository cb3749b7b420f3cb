"""The metrics page: every metric of the catalogue, and nothing that a client library invents."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from matcher.metrics import (
    CATALOGUE,
    EVENT_TO_ALERT,
    LAG_RECORDS,
    RECORD_TO_ALERT,
    RECORDS_CONSUMED,
    REJECTS,
    Metric,
)
from matcher.service.exposition import Exposition


def samples(exposition: Exposition) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(exposition.render().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_every_metric_of_the_catalogue_is_on_the_page():
    page = Exposition().render().decode()
    for metric in CATALOGUE:
        assert f"# HELP {metric.name} " in page


def test_numbers_arrive_under_their_labels():
    exposition = Exposition()
    exposition.add(RECORDS_CONSUMED, 2, ("t", "0"))
    exposition.add(RECORDS_CONSUMED, 3, ("t", "0"))
    exposition.add(RECORDS_CONSUMED, 1, ("t", "1"))
    exposition.set(LAG_RECORDS, 9, ("t", "0"))
    exposition.observe(EVENT_TO_ALERT, 2.0)
    seen = samples(exposition)
    zero = (("partition", "0"), ("topic", "t"))
    assert seen["matcher_records_consumed_total", zero] == 5
    assert seen["matcher_consumer_lag_records", zero] == 9
    assert seen["matcher_event_to_alert_seconds_sum", ()] == 2
    assert seen["matcher_event_to_alert_seconds_bucket", (("le", "1.0"),)] == 0
    assert seen["matcher_event_to_alert_seconds_bucket", (("le", "5.0"),)] == 1


def test_a_forgotten_series_is_gone_and_may_come_back():
    exposition = Exposition()
    exposition.set(LAG_RECORDS, 9, ("t", "0"))
    exposition.forget(LAG_RECORDS, ("t", "0"))
    exposition.forget(LAG_RECORDS, ("t", "never"))
    assert "matcher_consumer_lag_records{" not in exposition.render().decode()
    exposition.set(LAG_RECORDS, 1, ("t", "0"))
    assert samples(exposition)["matcher_consumer_lag_records", (("partition", "0"), ("topic", "t"))]


def test_two_expositions_do_not_meet():
    one, other = Exposition(), Exposition()
    one.add(REJECTS, 1, ("empty",))
    assert one.totals(REJECTS) == {("empty",): 1}
    assert other.totals(REJECTS) == {}


def test_totals_of_a_histogram_are_its_sums():
    exposition = Exposition()
    exposition.observe(EVENT_TO_ALERT, 2.0)
    exposition.observe(EVENT_TO_ALERT, 3.0)
    assert exposition.totals(EVENT_TO_ALERT) == {(): 5.0}


def test_no_series_tells_when_another_was_made():
    exposition = Exposition()
    exposition.add(RECORDS_CONSUMED, 1, ("t", "0"))
    assert "_created" not in exposition.render().decode()


def test_a_metric_outside_the_catalogue_is_an_error():
    with pytest.raises(KeyError):
        Exposition().add(Metric("stray", "counter", ""))


def test_many_values_at_once_are_the_same_values_one_by_one():
    values = [0.0, 0.05, 0.1, 0.10001, 3.0, 86_400.0, 1e9, 0.1]
    at_once, one_by_one = Exposition(), Exposition()
    at_once.observe_all(EVENT_TO_ALERT, values)
    for value in values:
        one_by_one.observe(EVENT_TO_ALERT, value)
    name = EVENT_TO_ALERT.name
    found = {key: value for key, value in samples(at_once).items() if key[0].startswith(name)}
    assert found == {
        key: value for key, value in samples(one_by_one).items() if key[0].startswith(name)
    }
    assert found[f"{name}_count", ()] == len(values)


def test_the_page_tells_a_delay_of_a_few_milliseconds_from_a_tenth_of_a_second():
    exposition = Exposition()
    exposition.observe_all(RECORD_TO_ALERT, [0.004, 0.02, 0.09])
    seen = samples(exposition)
    name = f"{RECORD_TO_ALERT.name}_bucket"
    found = [seen[name, (("le", bound),)] for bound in ("0.005", "0.025", "0.1")]
    assert found == [1, 2, 3]
