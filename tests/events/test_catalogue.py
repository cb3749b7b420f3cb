import pytest

from matcher.errors import ConfigError
from matcher.events.catalogue import Catalogue
from matcher.events.catalogue.catalogue import stable_number
from matcher.events.schema import LogSourceType
from matcher.events.sources import SourceKind

TRAIL = SourceKind.CLOUDTRAIL


def test_the_default_profile_has_the_types_of_the_design():
    assert Catalogue.load().log_source_types == (
        LogSourceType(347, "Amazon AWS CloudTrail"),
        LogSourceType(413, "Azure Activity Log"),
        LogSourceType(445, "Azure Audit Log"),
        LogSourceType(4001, "Azure Sign-in Log"),
        LogSourceType(397, "Microsoft Office 365"),
        LogSourceType(449, "Google Cloud Audit Logs"),
        LogSourceType(0, "Unknown"),
    )


def test_the_stock_profile_has_ibms_names_and_one_type_for_entra():
    stock = Catalogue.load("qradar-stock")
    assert [(one.id, one.name) for one in stock.log_source_types] == [
        (347, "Amazon AWS CloudTrail"),
        (413, "Microsoft Azure Platform"),
        (445, "Microsoft Azure Active Directory"),
        (397, "Microsoft Office 365"),
        (449, "Google Cloud Audit Logs"),
        (0, "Unknown"),
    ]
    assert stock.type_of(SourceKind.ENTRA_SIGNIN) == stock.type_of(SourceKind.ENTRA_AUDIT)


def test_an_operation_that_the_catalogue_lacks_keeps_its_name_and_gets_a_stable_number():
    naming = Catalogue.load().naming(TRAIL, "NeverHeardOf")
    assert (naming.qidname, naming.category.id) == ("NeverHeardOf", 19001)
    assert naming.qid == stable_number("347\nNeverHeardOf") == 1_879_678_639
    assert Catalogue.load().naming(TRAIL, None).qid == 0


def test_long_and_unwritable_names_are_numbered_too():
    catalogue = Catalogue.load()
    for name in ("x" * 100_000, "\ud800"):
        assert 1_000_000_000 <= catalogue.naming(TRAIL, name).qid < 2_000_000_000
        assert catalogue.naming(TRAIL, name).qidname == name
        assert catalogue.log_source(TRAIL, name).name == f"Amazon AWS CloudTrail @ {name}"


def test_log_sources_have_stable_numbers():
    catalogue = Catalogue.load()
    one, other = catalogue.log_source(TRAIL, "1"), catalogue.log_source(TRAIL, "2")
    assert one.id != other.id
    assert one == Catalogue.load().log_source(TRAIL, "1")
    assert catalogue.log_source(TRAIL, None).name == "Amazon AWS CloudTrail"


def test_category_names_of_both_levels():
    catalogue = Catalogue.load()
    assert catalogue.category_name(3031) == "User Account Added"
    assert catalogue.category_name(3000) == "Authentication"
    assert catalogue.category_name(1) is None


def test_a_users_files_extend_the_ones_that_ship(tmp_path):
    (tmp_path / "log_source_types.yml").write_text(
        "acme:\n  cloudtrail: {id: 4100, name: Acme AWS}\n"
    )
    (tmp_path / "categories.tsv").write_text("id\tname\tseverity\n19007\tAcme Audit\t9\n")
    (tmp_path / "qid_names.tsv").write_text(
        "kind\toperation\tname\tqid\tcategory\n"
        "cloudtrail\tcreateuser\tUser Created\t\t\n"
        "cloudtrail\tRunInstances\t\t2000123\t19007\n"
    )
    (tmp_path / "properties.yml").write_text("Bucket: requestParameters.bucketName\n")
    catalogue = Catalogue.load("acme", tmp_path)
    assert catalogue.log_source_types[0] == LogSourceType(4100, "Acme AWS")
    assert catalogue.log_source_types[1].name == "Azure Activity Log"
    renamed = catalogue.naming(TRAIL, "CreateUser")
    assert (renamed.qidname, renamed.category.id) == ("User Created", 3031)
    numbered = catalogue.naming(TRAIL, "RunInstances")
    assert (numbered.qid, numbered.qidname) == (2000123, "RunInstances")
    assert (numbered.category.name, numbered.category.severity) == ("Acme Audit", 9)
    assert catalogue.properties.find("bucket") is not None


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("log_source_types.yml", "default: [", "file:"),
        ("log_source_types.yml", "- a", "file: must be a mapping"),
        ("log_source_types.yml", "acme: 5", "acme: must be a mapping"),
        (
            "log_source_types.yml",
            "default: {trail: {id: 1, name: x}}",
            "default.trail: no such log source",
        ),
        ("log_source_types.yml", "default: {m365: {id: x, name: x}}", "default.m365.id:"),
        ("log_source_types.yml", "default: {m365: {id: 1, name: 5}}", "default.m365.name:"),
        ("log_source_types.yml", "default: {m365: {id: 1, named: x}}", "default.m365: must have"),
        (
            "log_source_types.yml",
            "default: {m365: {id: 1, name: x, result_in_name: true}}",
            "default.m365.result_in_name: only an audit",
        ),
        ("categories.tsv", "id\tname\n", "line 1: the columns are"),
        ("categories.tsv", "id\tname\tseverity\n5\t\t1\n", "line 2 name:"),
        ("categories.tsv", "id\tname\tseverity\n19005\tx\t11\n", "line 2 severity:"),
        ("categories.tsv", "id\tname\tseverity\n99001\tx\t1\n", "99001: its high-level"),
        ("categories.tsv", "id\tname\tseverity\n1\t2\t3\t4\n", "line 2: has 4 cells"),
        ("qid_names.tsv", "kind\toperation\tname\tqid\tcategory\nx\ty\n", "line 2 kind:"),
        ("qid_names.tsv", "kind\toperation\tname\tqid\tcategory\nm365\n", "line 2 operation:"),
        ("qid_names.tsv", "kind\toperation\tname\tqid\tcategory\nm365\ta\tb\t-1\n", "line 2 qid:"),
        (
            "qid_names.tsv",
            "kind\toperation\tname\tqid\tcategory\nm365\ta\tb\t\t77\n",
            "line 2 category: 77 is not in categories.tsv",
        ),
        ("qid_names.tsv", b"\xff", "file:"),
        ("properties.yml", "username: a.b", "username: is a field of every event"),
        ("properties.yml", "Mine: 5", "Mine: must be a path"),
        ("properties.yml", "Mine: a..b", "Mine: 'a..b' is no path"),
        ("properties.yml", "Mine: {paths: [a], anything: 1}", "Mine: anything must be"),
        ("properties.yml", "Mine: {path: [a]}", "Mine: must have paths"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path, name, content, said):
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ConfigError) as caught:
        Catalogue.load(directory=tmp_path)
    assert f"{tmp_path / name}: {said}" in str(caught.value)


def test_an_unknown_profile_names_the_ones_there_are(tmp_path):
    with pytest.raises(
        ConfigError, match="stock: no such profile; there are default, qradar-stock"
    ):
        Catalogue.load("stock")
    with pytest.raises(ConfigError, match="is not there"):
        Catalogue.load(directory=tmp_path / "nowhere")


def test_every_finding_is_in_the_one_error(tmp_path):
    (tmp_path / "properties.yml").write_text("A: 5\nB: 6\n")
    with pytest.raises(ConfigError) as caught:
        Catalogue.load("nope", tmp_path)
    assert len(str(caught.value).splitlines()) == 3
