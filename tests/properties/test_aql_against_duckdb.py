"""An independent evaluator decides as ours does: DuckDB's SQL, with the public corpus as a table.

Where AQL and SQL differ, the SQL is written to mean what AQL means: '' is NULL, and a comparison
with NULL is false. Events whose text DuckDB would fold or read in another way (not ASCII, or with
JSON escapes) are left out. Texts are not ordered, as AQL orders texts of numbers by their value.
"""

import gzip
from operator import attrgetter

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.engine.compiler import predicate
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import unwrap
from matcher.events.normalize import normalize
from matcher.languages.aql import AqlPolicy, compile_query

EVERY = 4
TEXTS = {
    "username": attrgetter("username"),
    "QIDNAME(qid)": attrgetter("qidname"),
    '"Error Code"': attrgetter("errorcode"),
    '"AWS Region"': attrgetter("region"),
    "LOGSOURCETYPENAME(devicetype)": attrgetter("log_source_type.name"),
    "UTF8(payload)": attrgetter("payload.text"),
}
NUMBERS = {
    "severity": attrgetter("severity"),
    "category": attrgetter("category"),
    "devicetype": attrgetter("log_source_type.id"),
    "devicetime": attrgetter("devicetime"),
}
COLUMNS = {name: f"t{index}" for index, name in enumerate(TEXTS)} | {
    name: f"n{index}" for index, name in enumerate(NUMBERS)
}
WORDS = [
    *("CreateUser", "AssumeRole", "root", "AccessDenied", "us-east-1", "cloudtrail", "azure"),
    *("Role", "s3", "MICROSOFT", "iam", "write", "e", "Add member to role", "", "0", "nobody's"),
]
QUANTITIES = [0, 1, 3, 5, 347, 413, 445, 19001, 8_000, 1_600_000_000_000, 2.5, -1]
REGEXES = ["^A", "(?i)role$", "a.*b", r"\d{4}", "Create|Delete", "^[a-z]+$", r"\bs3\b", ""]


@pytest.fixture(scope="module")
def events(corpus):
    """Every fourth event of the corpus that both evaluators read alike."""
    catalogue, found = Catalogue.load(), []
    for file in sorted(corpus.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines()[::EVERY]:
            for raw in unwrap(line).events:
                event = normalize(raw, 0, catalogue)
                values = [get(event) or "" for get in TEXTS.values()]
                if b"\\" not in raw.raw and all(value.isascii() for value in values):
                    found.append(event.replaced(starttime=len(found)))
    assert len(found) > 2_000
    return found


@pytest.fixture(scope="module")
def database(events):
    """The events as a table; ``id`` is the index in the list of events."""
    columns = [f"{COLUMNS[name]} VARCHAR" for name in TEXTS]
    columns += [f"{COLUMNS[name]} BIGINT" for name in NUMBERS]
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE events (id INTEGER, {', '.join(columns)})")
    rows = [
        [
            index,
            *(get(event) or None for get in TEXTS.values()),
            *(get(event) for get in NUMBERS.values()),
        ]
        for index, event in enumerate(events)
    ]
    marks = ", ".join("?" * (1 + len(COLUMNS)))
    connection.execute("BEGIN")
    connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)  # noqa: S608 - our names
    connection.execute("COMMIT")
    yield connection
    connection.close()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def sql_text(text: str) -> str:
    return f"nullif({quoted(text)}, '')"


def known(sql: str) -> str:
    return f"coalesce({sql}, false)"


@st.composite
def text_leaves(draw):
    """A condition on a text, as AQL and as SQL."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    column, word = COLUMNS[name], draw(st.sampled_from(WORDS))
    match draw(st.sampled_from(["=", "!=", "IN", "LIKE", "ILIKE", "MATCHES", "NULL"])):
        case "NULL":
            return f"{name} IS NULL", f"{column} IS NULL"
        case "IN":
            words = [word, draw(st.sampled_from(WORDS))]
            listed = ", ".join(map(sql_text, words))
            return f"{name} IN ({', '.join(map(quoted, words))})", known(f"{column} IN ({listed})")
        case "MATCHES":
            regex = quoted(draw(st.sampled_from(REGEXES)))
            return f"{name} MATCHES {regex}", known(f"regexp_matches({column}, {regex})")
        case "LIKE" | "ILIKE" as operator:
            around = draw(st.sampled_from(["%{}%", "{}%", "%{}", "{}", "_{}%", "%{}_%", "%{}%e%"]))
            pattern = quoted(around.format(word))
            return f"{name} {operator} {pattern}", known(f"{column} {operator} {pattern}")
        case sign:
            return f"{name} {sign} {quoted(word)}", known(f"{column} {sign} {sql_text(word)}")


@st.composite
def number_leaves(draw):
    """A condition on a number, as AQL and as SQL."""
    name = draw(st.sampled_from(sorted(NUMBERS)))
    column = COLUMNS[name]
    low, high = draw(st.sampled_from(QUANTITIES)), draw(st.sampled_from(QUANTITIES))
    match draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "IN", "BETWEEN", "+", "NULL"])):
        case "NULL":
            return f"{name} IS NULL", f"{column} IS NULL"
        case "IN":
            return f"{name} IN ({low}, {high})", known(f"{column} IN ({low}, {high})")
        case "BETWEEN":
            rest = f"BETWEEN {low} AND {high}"
            return f"{name} {rest}", known(f"{column} {rest}")
        case "+":
            rest = f"* 2 + {low} > {high}"
            return f"{name} {rest}", known(f"{column} {rest}")
        case sign:
            return f"{name} {sign} {low}", known(f"{column} {sign} {low}")


def grow(inner):
    def joined(word):
        return st.lists(inner, min_size=2, max_size=3).map(
            lambda pairs: tuple(f"({f' {word} '.join(side)})" for side in zip(*pairs, strict=True))
        )

    inverse = inner.map(lambda pair: (f"NOT ({pair[0]})", f"NOT ({pair[1]})"))
    return joined("AND") | joined("OR") | inverse


conditions = st.recursive(text_leaves() | number_leaves(), grow, max_leaves=6)


def ours(aql: str, events, policy: AqlPolicy) -> list[int]:
    holds = predicate(compile_query(aql, Catalogue.load(), policy=policy).expression)
    return [index for index, event in enumerate(events) if holds(event)]


def theirs(sql: str, database) -> list[int]:
    query = f"SELECT id FROM events WHERE {sql} ORDER BY id"  # noqa: S608 - what is tested
    return [row[0] for row in database.execute(query).fetchall()]


QUICK = settings(max_examples=200)


@pytest.mark.corpus
@QUICK
@given(pair=conditions)
def test_random_conditions_hold_for_the_same_events(events, database, pair):
    aql, sql = pair
    assert ours(aql, events, AqlPolicy()) == theirs(sql, database), aql


@pytest.mark.corpus
@QUICK
@given(pair=conditions)
def test_three_valued_logic_is_sqls_own(events, database, pair):
    aql, sql = pair
    plain = sql.replace("coalesce(", "(").replace(", false)", ")")
    assert ours(aql, events, AqlPolicy(nulls="three-valued")) == theirs(plain, database), aql


@pytest.mark.corpus
def test_the_judges_see_matches(events, database):
    for aql, sql in (
        ("QIDNAME(qid) LIKE '%Role%'", f"{COLUMNS['QIDNAME(qid)']} LIKE '%Role%'"),
        ("NOT username = 'root'", f"{COLUMNS['username']} IS DISTINCT FROM 'root'"),
    ):
        found = ours(aql, events, AqlPolicy())
        assert 10 < len(found) < len(events)
        assert found == theirs(sql, database)
