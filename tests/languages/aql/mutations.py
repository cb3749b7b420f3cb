"""AQL texts that nobody would write: made by a small grammar, and by breaking what people wrote."""

import json
import os
import random
import re
from pathlib import Path

import yaml

from matcher.languages.aql.functions import FUNCTIONS, OPERATORS, REFUSALS

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "cases" / "aql"
TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\s+|\w+(?:::\w+)*|[<>!=]=|<>|.""",
    re.DOTALL,
)
NAMES = [
    *("username", "qid", "sourceip", "starttime", "devicetype", "payload", "UTF8(payload)"),
    *(
        "QIDNAME(qid)",
        "LOGSOURCETYPENAME(logsourceid)",
        '"User Agent"',
        '"Error Code"',
        "a",
        "NOW()",
    ),
    *("deviceCustomString1", "CATEGORYNAME(category)", "PARSEDATETIME('2 hours ago')", "nope"),
    *("PARSEDATETIME('2026-01-31 08:00')", "severity", "LOGSOURCENAME(logsourceid)"),
]
TEXTS = [
    *(
        "'a'",
        "''",
        "'a%'",
        "'%_\\%'",
        "'it''s'",
        "'Amazon AWS CloudTrail'",
        "'198.51.100.7'",
        "'12'",
    ),
    *("'é\u212a'", "'\0'", "'(a|b)+$'", "'[[a]'", "'(?i)x'", "'(?=x)'", "'yyyy-MM-dd'", "'$0$1'"),
    *("'-- no'", "'%alice%'", "'\n'", "'\\'", "'ConsoleLogin'", "'\U0001f600'", "'{2,1}'"),
]
NUMBERS = ["0", "1", "347", "0x1F", "2.5", ".5", "1e3", "1e308", "1e999", "9" * 30, "9" * 120, "00"]
COMPARISONS = ["=", "==", "!=", "<>", "<", "<=", ">", ">="]
SIGNS = [*OPERATORS, *COMPARISONS, "(", ")", ",", ";", "'", '"', "--"]
WORDS = re.findall(
    r"\S+",
    "SELECT FROM events flows WHERE AND OR NOT IN LIKE ILIKE MATCHES IMATCHES BETWEEN IS NULL AS "
    "LAST DAYS HOUR ORDER BY GROUP HAVING LIMIT START STOP PARAMETERS CASE WHEN THEN ELSE END IF "
    "TEXT SEARCH ASC DESC COLLATE INTO ENUMERATION INCIDR REFERENCESETCONTAINS * /* */ ::",
)
STRANGE = ["\r", "\t", "\v", "\ud800", *map(chr, (0x85, 0x2028, 0x200B, 0xFEFF, 0x2018, 0xFF0D))]
STRANGE += map(chr, (0x661, 0x17F, 0x130))  # a digit, an s and an i of other scripts
WRAPS = [
    *(("(", ")"), ("NOT ", ""), ("-", ""), ("LOWER(", ")"), ("(1 + ", ")"), ("(", " * 2)")),
    *(("CASE WHEN qid = 1 THEN ", " END"), ("CASE ", " WHEN 1 THEN 2 END"), ("", " = 1 OR 1")),
    *(("CASE WHEN 1 BETWEEN 2 AND ", " THEN 3 END"), ("CONCAT('x', ", ")"), ("1 IN (", ")")),
    *(("IF qid = 1 THEN ", " ELSE 2"), ("(SELECT ", " FROM events)"), ("qid IN (SELECT ", "")),
]
NESTS = [
    *("({})", "-{}", "LOWER({})", "(1 - {})", "CONCAT('x', {}, a)", "({}" + " + 1" * 30 + ")"),
    *("CASE {} WHEN 1 THEN 2 WHEN 3 THEN 4 END", "CASE WHEN {} BETWEEN 1 AND 2 THEN 3 END"),
    *("CASE WHEN {} = 1 OR NOT qid = 1 THEN {} END", "(IF {} = 1 THEN 2 ELSE 3)"),
]


def written_texts() -> list[str]:
    """What people wrote: the rules that ship, the tables of cases, and, where the corpus is, the
    statements that another tool made.
    """
    texts = []
    for file in sorted((ROOT / "rules").glob("*.yml")):
        rule = yaml.safe_load(file.read_text("utf-8"))
        texts += [rule["query"], *(hunt["query"] for hunt in rule.get("hunting", ()))]
    for name in ("expressions.yml", "values.yml"):
        rows = yaml.safe_load((CASES / name).read_text("utf-8"))
        texts += [row[0] for row in rows]
    errors = yaml.safe_load((CASES / "errors.yml").read_text("utf-8"))
    texts += [case["text"] for case in errors]
    other = Path(os.environ.get("MATCHER_CORPUS") or "none").parent / "aql" / "sigma-aws.jsonl"
    if other.is_file():
        texts += [json.loads(line)["aql"] for line in other.read_text("utf-8").splitlines()]
    return texts


class Texts:
    """Makes texts. The same ``seed`` and ``written`` give the same text."""

    def __init__(self, written: list[str]) -> None:
        self.written = [TOKEN.findall(text) for text in written]
        self.chance = random.Random()  # noqa: S311 - each text is made of its seed

    def text(self, seed: int) -> str:
        self.chance.seed(seed)
        choose = self.chance.choice
        start = choose([self._written, self._statement, self._statement, self._filter])
        tokens = start() if start == self._written else TOKEN.findall(start())
        for _ in range(choose([0, 1, 1, 1, 2, 5])):
            tokens = choose(MUTATIONS)(self, tokens)
        return "".join(tokens)

    def _written(self) -> list[str]:
        return list(self.chance.choice(self.written))

    def _statement(self) -> str:
        columns = ["*", f"{self._value(2)} AS a", f"{self._value(1)} AS 'b'", self._value(1)]
        self.chance.shuffle(columns)
        tails = [
            *("", "", " LAST 2 DAYS", " LIMIT 5", f" ORDER BY {self._value(1)} DESC"),
            *(" START '2026-01-31 08:00' STOP '2026-02-01 08:00'", " GROUP BY a", ";"),
            *(" ORDER BY a, b ASC LIMIT 3 LAST 1 HOURS", " PARAMETERS A=1"),
        ]
        listed = ", ".join(columns[: self.chance.randint(1, 3)])
        where = self.chance.choice(["", f" WHERE {self._filter()}", f" WHERE {self._filter()}"])
        return f"SELECT {listed} FROM events{where}{self.chance.choice(tails)}"  # noqa: S608 - AQL

    def _filter(self) -> str:
        return self._condition(3)

    def _condition(self, depth: int) -> str:
        choose, value = self.chance.choice, self._value
        if depth > 0 and self.chance.random() < 0.5:
            one, other = self._condition(depth - 1), self._condition(depth - 1)
            return choose([f"{one} AND {other}", f"{one} OR {other}", f"NOT ({one})", f"({one})"])
        item, negated = value(depth), choose(["", "", "NOT "])
        word = choose(["LIKE", "ILIKE", "MATCHES", "IMATCHES"])
        return choose(
            [
                f"{item} {choose(COMPARISONS)} {value(depth - 1)}",
                f"{item} {negated}BETWEEN {value(0)} AND {value(0)}",
                f"{item} {negated}IN ({value(0)}, {value(0)}, {choose(TEXTS)})",
                f"{item} {negated}{word} {choose(TEXTS)}",
                f"{item} {negated}ILIKE ENUMERATION({choose(TEXTS)}, {choose(TEXTS)})",
                f"{item} IS {negated}NULL",
                f"INCIDR('198.51.100.0/24', {item})",
                f"REFERENCESETCONTAINS({choose(['Admins', 'Empty', 'None'])!r}, {item})",
            ]
        )

    def _value(self, depth: int) -> str:
        choose = self.chance.choice
        if depth <= 0 or self.chance.random() < 0.5:
            return choose(choose([NAMES, NAMES, TEXTS, NUMBERS]))
        if self.chance.random() < 0.4:
            return self._call(depth)
        if self.chance.random() < 0.1:
            return self._nested(depth)
        one, other = self._value(depth - 1), self._value(depth - 1)
        test = self._condition(depth - 1)
        return choose(
            [
                f"({one} {choose(list(OPERATORS))} {other})",
                f"-{one}",
                f"CASE WHEN {test} THEN {one} ELSE {other} END",
                f"CASE {one} WHEN {other} THEN 1 WHEN 2 THEN {choose(TEXTS)} END",
                f"(IF {test} THEN {one} ELSE {other})",
            ]
        )

    def _nested(self, depth: int) -> str:
        """A value in a value in a value: short to write, and large where one is asked twice."""
        value, pattern = self._value(depth - 1), self.chance.choice(NESTS)
        for _ in range(self.chance.choice([2, 5, 10, 30, 60])):
            value = pattern.replace("{}", value, 1).replace("{}", "a")
        return value

    def _call(self, depth: int) -> str:
        name = self.chance.choice([*FUNCTIONS] * 5 + [*REFUSALS])
        fewest = FUNCTIONS[name].fewest if name in FUNCTIONS else 1
        given = [self._value(depth - 1) for _ in range(fewest)]
        if name == "DATEFORMAT":
            given[1] = "'yyyy''T''HH'"
        if name in ("REPLACEFIRST", "REPLACEALL"):
            given = ["'(.)b?'", given[1], "'$1x'"]
        return f"{name}({', '.join(given)})"

    def span(self, tokens: list[str], most: int = 12) -> tuple[int, int]:
        start = self.chance.randint(0, len(tokens))
        return start, min(len(tokens), start + self.chance.randint(1, most))

    def any_token(self) -> str:
        pools = [NAMES, TEXTS, NUMBERS, SIGNS, WORDS, STRANGE, self.chance.choice(self.written)]
        return self.chance.choice(self.chance.choice(pools) or [""])


def _deleted(texts: Texts, tokens: list[str]) -> list[str]:
    start, end = texts.span(tokens)
    return tokens[:start] + tokens[end:]


def _duplicated(texts: Texts, tokens: list[str]) -> list[str]:
    start, end = texts.span(tokens, 40)
    times = texts.chance.choice([2, 2, 3, 60])
    between = texts.chance.choice(["", " ", " OR ", " AND ", ", ", " + ", "-", "("])
    return [*tokens[:start], *[between, *tokens[start:end]] * times, *tokens[end:]]


def _swapped(_texts: Texts, tokens: list[str]) -> list[str]:
    start, end = _texts.span(tokens)
    return tokens[:start] + tokens[start:end][::-1] + tokens[end:]


def _spliced(texts: Texts, tokens: list[str]) -> list[str]:
    other = texts.chance.choice(texts.written)
    start, (cut, _) = texts.span(tokens)[0], texts.span(other)
    return [*tokens[:start], " ", *other[cut:]]


def _joined(texts: Texts, tokens: list[str]) -> list[str]:
    word = texts.chance.choice([" AND ", " OR ", " AND NOT "])
    return ["(", *tokens, ")", word, *texts.chance.choice(texts.written)]


def _inserted(texts: Texts, tokens: list[str]) -> list[str]:
    start, _ = texts.span(tokens)
    return [*tokens[:start], " ", texts.any_token(), " ", *tokens[start:]]


def _replaced(texts: Texts, tokens: list[str]) -> list[str]:
    start, end = texts.span(tokens, 1)
    return [*tokens[:start], texts.any_token(), *tokens[end:]]


def _exchanged(texts: Texts, tokens: list[str]) -> list[str]:
    """A name for a name, a text for a text, a number for a number: most of it still compiles."""
    pools = {"'": TEXTS, '"': NAMES}
    result = list(tokens)
    for index, token in enumerate(tokens):
        if texts.chance.random() < 0.2 and token[:1] in pools:
            result[index] = texts.chance.choice(pools[token[:1]])
        elif texts.chance.random() < 0.2 and token[:1].isdigit():
            result[index] = texts.chance.choice(NUMBERS)
    return result


def _wrapped(texts: Texts, tokens: list[str]) -> list[str]:
    start, end = texts.span(tokens, texts.chance.choice([1, 1, 5]))
    head, tail = texts.chance.choice(WRAPS)
    times = texts.chance.choice([1, 2, 5, 20, 40, 70, 200])
    return [*tokens[:start], *[head] * times, *tokens[start:end], *[tail] * times, *tokens[end:]]


def _scratched(texts: Texts, tokens: list[str]) -> list[str]:
    """One character is another, anywhere, in a text or a name as well."""
    text = "".join(tokens)
    place = texts.chance.randint(0, len(text))
    sign = texts.chance.choice([chr(texts.chance.randrange(0x110000)), *STRANGE, *"'\"();\\%"])
    return TOKEN.findall(text[:place] + sign + text[place + texts.chance.randint(0, 1) :])


def _recased(texts: Texts, tokens: list[str]) -> list[str]:
    return [texts.chance.choice([token, token.swapcase(), token.title()]) for token in tokens]


MUTATIONS = [
    *(_exchanged, _exchanged, _wrapped, _wrapped, _joined, _recased),
    *(_deleted, _duplicated, _swapped, _spliced, _joined, _inserted, _replaced, _exchanged),
    *(_wrapped, _scratched, _recased),
]
