"""docs/properties.md: current, complete, and true of what the code reads."""

import itertools
import json
from pathlib import Path

import pytest
import yaml

from matcher.events.catalogue import Catalogue
from matcher.events.document_properties import field_entries, field_paths, main
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.events.sources import BY_KIND, SourceKind
from matcher.events.sources.extracted_fields import ExtractedFields

PAGE = Path(__file__).parents[2] / "docs" / "properties.md"
CATALOGUE = Catalogue.load()
ATTRIBUTES = {"qidname": "operation"}
"""What a normalizer calls a field where the two names differ."""

IDENTITIES = (
    *("IAMUser", "AssumedRole", "Role", "Root", "FederatedUser", "AWSService", "AWSAccount"),
    *("IdentityCenterUser", "Unknown"),
)
VALUES = (
    "marker",
    "arn:aws:sts::111122223333:assumed-role/Role/marker",
    "AROAEXAMPLE:marker",
    "/subscriptions/marker/resourceGroups/g",
    "/tenants/marker/providers/Microsoft.aadiam",
    "projects/marker/logs/cloudaudit.googleapis.com%2Factivity",
)
ADDRESS = "198.51.100.77"
TIME = ("2026-03-14T09:26:53Z", 1_773_480_413_000)


def test_the_page_is_current(capsys):
    assert main() == 0
    assert PAGE.read_text("utf-8") == capsys.readouterr().out, "make docs"


def test_every_name_that_a_rule_may_use_is_explained_once():
    fields = [name for entry in field_entries() for name in entry.names]
    custom = [one.name for one in CATALOGUE.properties.custom]
    assert sorted((*fields, *custom), key=str.lower) == list(CATALOGUE.properties.names())
    assert all(entry.means for entry in field_entries())


def test_every_custom_property_that_ships_says_what_it_means_and_where():
    lacking = [one.name for one in CATALOGUE.properties.custom if not one.means]
    lacking += [one.name for one in CATALOGUE.properties.custom if not one.log_sources]
    assert not lacking


def test_fields_that_share_a_row_share_a_type():
    for entry in field_entries():
        assert len({CATALOGUE.properties.find(name).kind for name in entry.names}) == 1, entry


def test_paths_are_named_for_fields_that_there_are():
    assert set(field_paths()) <= {entry.names[0] for entry in field_entries()}


@pytest.mark.parametrize(
    ("field", "kind", "path"),
    [
        (field, kind, path)
        for field, kinds in field_paths().items()
        for kind, paths in kinds.items()
        for path in paths
    ],
)
def test_a_field_is_read_at_each_of_its_paths(field, kind, path):
    assert any(_reads(field, kind, {path: value}, now) for value, now in _values(field))


@pytest.mark.parametrize(
    ("field", "kind", "first", "second"),
    [
        (field, kind, *pair)
        for field, kinds in field_paths().items()
        for kind, paths in kinds.items()
        for pair in itertools.pairwise(paths)
        if (field, kind) != ("username", SourceKind.CLOUDTRAIL)  # as the identity's type has it
        and "identity" not in pair  # a text, and no object that holds others
    ],
)
def test_an_earlier_path_is_read_before_a_later_one(field, kind, first, second):
    for early, late in itertools.product(_values(field), repeat=2):
        if _reads(field, kind, {second: late[0]}, late[1]):
            other = late[0].replace("marker", "other").replace(".77", ".78").replace(":53", ":54")
            both = {first: early[0], second: other}
            if _reads(field, kind, {first: early[0]}, early[1]):
                assert _reads(field, kind, both, early[1])


def _values(field: str) -> list[tuple[str, object]]:
    """Texts to put at a path, each with what the field then is."""
    if field == "devicetime":
        return [TIME]
    if field == "sourceip":
        return [(ADDRESS, ADDRESS)]
    return [(value, "marker") for value in VALUES]


def _reads(field: str, kind: SourceKind, values: dict[str, str], expected: object) -> bool:
    return any(_read(field, kind, _document(values, one)) == expected for one in IDENTITIES)


def _document(values: dict[str, str], identity: str) -> dict:
    """An event with these values at their paths, and the type of who acted."""
    document: dict = {}
    for path, value in values.items():
        before, claim, rest = path.partition("http://")
        *parents, last = [*before.removesuffix(".").split("."), *([claim + rest] * bool(claim))]
        holder = document
        for parent in parents:
            holder = holder.setdefault(parent, {})
        holder[last.removesuffix("[]")] = [value] if last.endswith("[]") else value
    if not document.keys() & {"identity", "properties"}:
        document.setdefault("userIdentity", {})["type"] = identity
    return document


def _read(field: str, kind: SourceKind, document: dict) -> object:
    found: ExtractedFields = BY_KIND[kind].extract(document)
    if field in ("sourceIPAddress", "Session Name"):
        return found.properties.get(field)
    return getattr(found, ATTRIBUTES.get(field, field))


def test_a_custom_property_is_read_at_each_of_its_paths():
    for one in CATALOGUE.properties.custom:
        for path in one.paths:
            document: dict = {}
            holder = document
            for names in path[:-1]:
                holder = holder.setdefault(names[0], {})
            holder[path[-1][0]] = "marker"
            (event,) = _events(document)
            assert CATALOGUE.properties.find(one.name).get(event) == "marker", one.name


def test_the_page_says_how_to_add_one(tmp_path):
    example = PAGE.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0]
    assert len(yaml.safe_load(example)) > 1
    (tmp_path / "properties.yml").write_text(example, "utf-8")
    added = Catalogue.load(directory=tmp_path).properties
    parameters = {"bucketName": "logs", "imageId": "ami-1", "tagSet": [{"k": "v"}]}
    (event,) = _events({"eventSource": "s3.amazonaws.com", "requestParameters": parameters})
    assert added.find("bucket name").get(event) == "logs"
    assert added.find("Image ID").get(event) == "ami-1"
    assert added.find("Tags").get(event) == '[{"k":"v"}]'
    assert CATALOGUE.properties.find("Bucket Name") is None


def _events(document: dict) -> list:
    return [normalize(raw, 0, CATALOGUE) for raw in unwrap(json.dumps(document).encode()).events]
