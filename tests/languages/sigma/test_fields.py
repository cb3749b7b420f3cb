"""A field reads numbers as they are written, whichever parse its value is taken from."""

from hypothesis import given
from hypothesis import strategies as st

from matcher.engine.members import texts
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import RawEvent
from matcher.events.normalize import normalize
from matcher.languages.sigma.fields import Fields
from matcher.languages.sigma.log_sources import log_sources

CATALOGUE = Catalogue.load()
FIELDS = Fields(log_sources(product="aws", service="cloudtrail", category=None))
NUMBERS = ("0", "-0", "7", "-7", "1.0", "1.50", "1e2", "1E+2", "123456789012345678901", "NaN")
WRITTEN = st.recursive(
    st.sampled_from((*NUMBERS, "true", "null", '"x"', '"\\u0041"', '"1.0"')),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(st.sampled_from("abc"), inner), max_size=3).map(
            lambda entries: "{" + ", ".join(f'"{key}" : {value}' for key, value in entries) + "}"
        )
    ),
    max_leaves=6,
)


@given(WRITTEN, st.sampled_from(["top", "top.a", "top.a.b"]))
def test_a_number_reads_as_it_is_written(written, name):
    raw = f'{{"eventName": "A", "awsRegion": "r", "top": {written}}}'.encode()
    event = normalize(RawEvent(raw, 0, None), 0, CATALOGUE)
    found = FIELDS.field(name).property.get(event)
    as_written = FIELDS.paths(name)[0].values(event.payload.written)
    assert list(texts(found, whole=True)) == list(texts(as_written, whole=True))
