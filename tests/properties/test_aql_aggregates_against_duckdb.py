"""``scan --query`` groups, aggregates, sorts and cuts as DuckDB does over the same rows.

The SQL states what AQL leaves open: NULL comes first, FIRST and LAST go by start time, a column
that is not a key has the group's first value, and rows that sort as equal keep their order.
"""

import json
import math

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.cli.answer import Answer
from matcher.cli.inputs import find_files
from matcher.events.catalogue import Catalogue
from matcher.languages.aql import AqlPolicy, compile_query

CATALOGUE = Catalogue.load()
NOON = 1_780_000_000_000
DEFAULT = AqlPolicy()

COLUMNS = {
    "username": "username",
    "sourceip": "ip",
    "QIDNAME(qid)": "operation",
    '"Error Message"': "message",
    'LONG("Level")': "level",
}
"""What AQL and what SQL calls the columns."""

TEXTS = ("username", "ip", "operation", "message")

rows = st.lists(
    st.fixed_dictionaries(
        {
            "username": st.sampled_from(["alice", "bob", "Bob", "é", "", None]),
            "ip": st.sampled_from(["10.0.0.1", "10.0.0.2", "192.0.2.7", None]),
            "operation": st.sampled_from(["CreateUser", "DeleteUser", "ListUsers"]),
            "message": st.sampled_from(["x" * 90, "x" * 91, "short", None]),
            "level": st.none() | st.integers(-9, 9) | st.just(2**40),
            "second": st.integers(0, 5),
        }
    ),
    max_size=12,
)


def event(row: dict) -> dict:
    return {
        "eventVersion": "1.11",
        "eventName": row["operation"],
        "eventSource": "iam.amazonaws.com",
        "awsRegion": "us-east-1",
        "eventTime": f"2026-03-14T09:00:0{row['second']}Z",
        "sourceIPAddress": row["ip"],
        "userIdentity": {"type": "IAMUser", "userName": row["username"]},
        "errorMessage": row["message"],
        "level": row["level"],
    }


@st.composite
def aggregates(draw):
    """An aggregate as AQL and as SQL."""
    name = draw(st.sampled_from(sorted(COLUMNS)))
    column = COLUMNS[name]
    level = 'LONG("Level")'
    earliest = f"first({column} ORDER BY second, id)"
    pairs = [
        ("COUNT(*)", "count(*)"),
        (f"COUNT({name})", f"count({column})"),
        (f"UNIQUECOUNT({name})", f"count(DISTINCT {column})"),
        (f"DISTINCTCOUNT({name})", f"count(DISTINCT {column})"),
        (f"MIN({name})", f"min({column})"),
        (f"MAX({name})", f"max({column})"),
        (f"FIRST({name})", earliest),
        (f"LAST({name})", f"last({column} ORDER BY second, id)"),
        (f"SUM({level})", "sum(level)"),
        (f"AVG({level})", "avg(level)"),
        (f"STDEV({level})", "stddev_samp(level)"),
        (f"STDEVP({level})", "stddev_pop(level)"),
        (f"SUM({level}) - COUNT(*)", "sum(level) - count(*)"),
    ]
    either = "CASE WHEN {} > 1 THEN {} ELSE {} END"
    pairs.append(
        (
            either.format("COUNT(*)", f"MAX({name})", name),
            either.format("count(*)", f"max({column})", earliest),
        )
    )
    return draw(st.sampled_from(pairs))


@st.composite
def conditions_on_groups(draw):
    """A condition of HAVING as AQL and as SQL."""
    name = draw(st.sampled_from(sorted(COLUMNS)))
    first = f"first({COLUMNS[name]} ORDER BY second, id)"
    number = draw(st.integers(-3, 4))
    sign = draw(st.sampled_from(["<", "<=", "=", "!=", ">=", ">"]))
    return draw(
        st.sampled_from(
            [
                (f"COUNT(*) {sign} {number}", f"count(*) {sign} {number}"),
                (
                    f'SUM(LONG("Level")) {sign} {number}',
                    f"coalesce(sum(level) {sign} {number}, false)",
                ),
                (f"MAX({name}) IS NULL", f"max({COLUMNS[name]}) IS NULL"),
                (f"{name} IS NOT NULL", f"{first} IS NOT NULL"),
                (
                    "UTF8(payload) ILIKE '%createuser%' AND COUNT(*) > 1",
                    "first(operation ORDER BY second, id) = 'CreateUser' AND count(*) > 1",
                ),
                (
                    "FIRST(username) LIKE 'b%'",
                    "coalesce(first(username ORDER BY second, id) LIKE 'b%', false)",
                ),
            ]
        )
    )


def joined(inner):
    pairs = st.tuples(inner, inner, st.sampled_from(["AND", "OR"]))
    return pairs.map(
        lambda p: tuple(f"({a}) {p[2]} NOT ({b})" for a, b in zip(*p[:2], strict=True))
    )


havings = st.recursive(conditions_on_groups(), joined, max_leaves=3)


def select(word: str, columns: list[str]) -> str:
    return f"{word} {', '.join(columns)} FROM events"


@st.composite
def queries(draw):
    """One grouped query as AQL and as SQL, and how many columns it has."""
    keys = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=2, unique=True))
    found = draw(st.lists(aggregates(), min_size=1, max_size=3))
    beside = draw(st.lists(st.sampled_from(sorted(COLUMNS)), max_size=1))
    names = keys + beside
    firsts = [f"first({COLUMNS[name]} ORDER BY second, id)" for name in names]
    pairs = [*zip(names, firsts, strict=True), *found]
    aql, sql = (
        select("SELECT", [f"{value} AS c{n}" for n, value in enumerate(side)])
        for side in zip(*pairs, strict=True)
    )
    if draw(st.booleans()):
        aql += " WHERE NOT QIDNAME(qid) = 'ListUsers'"
        sql += " WHERE NOT operation = 'ListUsers'"
    if keys:
        aql += f" GROUP BY {', '.join(keys)}"
        sql += f" GROUP BY {', '.join(COLUMNS[key] for key in keys)}"
    if draw(st.booleans()):
        ours, theirs = draw(havings)
        aql, sql = f"{aql} HAVING {ours}", f"{sql} HAVING {theirs}"
    orders = draw(st.lists(st.integers(0, len(pairs) - 1), max_size=2, unique=True))
    descending = draw(st.booleans())
    words = ("DESC", "DESC NULLS LAST") if descending else ("ASC", "ASC NULLS FIRST")
    if orders:
        aql += " ORDER BY " + ", ".join(f"c{n} {words[0]}" for n in orders)
    sql += " ORDER BY " + ", ".join([*(f"c{n} {words[1]}" for n in orders), "min(id)"])
    if draw(st.booleans()):
        limit = draw(st.integers(0, 4))
        aql, sql = f"{aql} LIMIT {limit}", f"{sql} LIMIT {limit}"
    return aql, sql


@pytest.fixture(scope="module")
def judge():
    connection = duckdb.connect()
    yield connection
    connection.close()


def fill(judge, table: list[dict]) -> None:
    judge.execute(
        "CREATE OR REPLACE TABLE events (id INTEGER, username VARCHAR, ip VARCHAR, "
        "operation VARCHAR, message VARCHAR, level BIGINT, second INTEGER)"
    )
    for index, row in enumerate(table):
        values = [index, *(row[name] or None for name in TEXTS), row["level"], row["second"]]
        judge.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def answered(aql: str, table: list[dict], directory, policy: AqlPolicy = DEFAULT) -> list[list]:
    path = directory / "events.json"
    path.write_text(json.dumps({"Records": [event(row) for row in table]}), "utf-8")
    answer = Answer(compile_query(aql, CATALOGUE, now=NOON, policy=policy), CATALOGUE, NOON)
    found = [
        [None if value == "" else value for value in row]
        for row in answer.read(find_files([str(path)]))
    ]
    assert not answer.rejected
    return found


def alike(ours: list[list], theirs: list[tuple]) -> bool:
    return len(ours) == len(theirs) and all(
        a == b
        or (
            isinstance(a, (int, float))
            and isinstance(b, (int, float))
            and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
        )
        for our, their in zip(ours, theirs, strict=True)
        for a, b in zip(our, their, strict=True)
    )


QUICK = settings(max_examples=200)


@QUICK
@given(table=rows, pair=queries())
def test_random_groups_are_aggregated_sorted_and_cut_alike(judge, tmp_path, table, pair):
    aql, sql = pair
    fill(judge, table)
    ours, theirs = answered(aql, table, tmp_path), judge.execute(sql).fetchall()
    assert alike(ours, theirs), f"{aql}\n{sql}\n{ours}\n{theirs}"


@QUICK
@given(table=rows, pair=queries())
def test_three_valued_logic_of_groups_is_sqls_own(judge, tmp_path, table, pair):
    aql, sql = pair
    fill(judge, table)
    plain = sql.replace("coalesce(", "(").replace(", false)", ")")
    ours = answered(aql, table, tmp_path, AqlPolicy(nulls="three-valued"))
    theirs = judge.execute(plain).fetchall()
    assert alike(ours, theirs), f"{aql}\n{plain}\n{ours}\n{theirs}"


@st.composite
def distinct_queries(draw):
    """One SELECT DISTINCT as AQL and as SQL, sorted by all its columns."""
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3, unique=True))
    columns = [COLUMNS[name] for name in names]
    ours, theirs = draw(st.sampled_from([("ASC", "ASC NULLS FIRST"), ("DESC", "DESC NULLS LAST")]))
    limit = draw(st.sampled_from(["", " LIMIT 0", " LIMIT 2"]))
    aql, sql = (
        select("SELECT DISTINCT", side)
        + " ORDER BY "
        + ", ".join(f"{one} {direction}" for one in side)
        + limit
        for side, direction in ((names, ours), (columns, theirs))
    )
    return aql, sql


@QUICK
@given(table=rows, pair=distinct_queries())
def test_distinct_rows_are_sorted_and_cut_alike(judge, tmp_path, table, pair):
    aql, sql = pair
    fill(judge, table)
    ours, theirs = answered(aql, table, tmp_path), judge.execute(sql).fetchall()
    assert alike(ours, theirs), f"{aql}\n{sql}\n{ours}\n{theirs}"
