"""What a property promises the literal prefilter, checked on one event."""

import re

from matcher.events.schema import Kind
from matcher.events.text import unescape

PLAIN = re.compile(r"[ !#-\[\]-~]+")


def runs(text):
    """Every run of at least three characters for short texts; ends and middles for long ones."""
    for stretch in PLAIN.findall(text):
        length = len(stretch)
        starts = range(length) if length <= 40 else (0, 1, length // 2, length - 3)
        for start in starts:
            ends = range(start + 3, length + 1) if length <= 40 else (start + 3, length)
            yield from (stretch[start:end] for end in ends if end - start >= 3)


def stands(run, texts):
    return any(run.lower() in text for text in texts)


def as_text(value):
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def check_promises(event, catalogue):
    raw = event.payload.raw.decode("utf-8", "replace")
    texts = (raw.lower(), unescape(raw).lower())
    for name in catalogue.properties.names():
        found = catalogue.properties.find(name)
        value = found.get(event)
        if value is None or found.kind is Kind.PAYLOAD:
            continue
        text = as_text(value)
        promised = [run for run in runs(text) if found.verbatim(run)]
        missing = [run for run in promised if not stands(run, texts)]
        if missing:
            sources = found.derived(lambda v, text=text: v == text)
            known = sources is None or any(stands(source, texts) for source in sources)
            assert known, (name, text, missing[0], raw)
