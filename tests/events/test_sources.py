from pathlib import Path

import yaml

from matcher.events import sources
from matcher.events.sources import BY_KIND, SOURCES, SourceKind


def test_every_kind_is_defined_once_and_every_folder_is_a_kinds():
    assert sorted(source.kind for source in SOURCES) == sorted(SourceKind)
    assert list(BY_KIND) == list(SourceKind)
    folders = {path.parent.name for path in Path(sources.__file__).parent.glob("*/log_source.yml")}
    assert folders == set(SourceKind)


def test_what_nothing_recognises_is_tried_last():
    assert SOURCES[-1].kind is SourceKind.UNKNOWN
    assert (SOURCES[-1].certain, SOURCES[-1].likely) == (None, None)


def test_every_source_has_a_type_in_the_default_profile():
    for source in SOURCES:
        types = yaml.safe_load((source.folder / "log_source.yml").read_text("utf-8"))
        assert "default" in types, source.kind
