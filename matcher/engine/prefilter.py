r"""Finds in an event's raw bytes which rules' literals stand there.

Two engines search for the same literals, both ASCII case-insensitively. Hyperscan, which is
vectorised, searches every event: it reads at ten times the speed of the automaton, and reporting a
hit is costly, but nearly no event holds a literal. ``\u00`` and ``\/`` are literals of their own:
an event with one of them may spell a literal in escapes. The escapes of such an event are removed,
and pyahocorasick's automaton searches the text that results; where JSON stands in a text, layer by
layer.

A set of rules is an int: bit *i* stands for rule *i*.
"""

from collections.abc import Callable, Sequence

import ahocorasick
import hyperscan

from matcher.engine.literals import RequiredLiterals
from matcher.events.text import unescape, without_escapes
from matcher.events.written import MAX_TEXTS

ESCAPES = (r"\u00", r"\/")
"""One of these stands wherever JSON escapes printable ASCII other than quote and backslash."""
_LONG_TEXT = 1 << 16
_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH


class Prefilter:
    """Built once for a rule set. It must not be used by several threads at once: the scan has one
    scratch space.
    """

    def __init__(self, rules: Sequence[RequiredLiterals]) -> None:
        words: dict[str, int] = {}
        self.always = 0
        for index, required in enumerate(rules):
            if required.literals is None:
                self.always |= 1 << index
                continue
            for literal in map(searched, required.literals):
                words[literal] = words.get(literal, 0) | 1 << index
        self._escaped = 1 << len(rules)
        for escape in ESCAPES:
            words[escape] = words.get(escape, 0) | self._escaped
        self._automaton = ahocorasick.Automaton()
        for word, bits in words.items():
            self._automaton.add_word(word, bits)
        self._automaton.make_automaton()
        self._rules = list(words.values())
        self._scan = _scanner(list(words)).scan
        self._seen: list[int] = []
        self._saw = _appender(self._seen)

    def candidates(self, raw: bytes) -> int:
        """The rules that could match the event. No rule that does match is ever missing."""
        self._scan(raw, self._saw)
        return self._rules_seen(raw) if self._seen else self.always

    def candidates_of(self, events: Sequence[bytes]) -> dict[int, int]:
        """The candidates of many events, by the event's index. An event that no rule could match is
        left out.
        """
        scan, saw, seen = self._scan, self._saw, self._seen
        found: dict[int, int] = {}
        for index, raw in enumerate(events):
            scan(raw, saw)
            if seen and (rules := self._rules_seen(raw)):
                found[index] = rules
        if self.always:
            return {index: found.get(index, self.always) for index in range(len(events))}
        return found

    def _rules_seen(self, raw: bytes) -> int:
        """The rules of the literals that the last scan saw, and of those that escapes hide."""
        found = self.always | self._take_seen()
        if found & self._escaped:
            found = (found | self._in_opened(raw)) & ~self._escaped
        return found

    def _take_seen(self) -> int:
        found = 0
        for literal in self._seen:
            found |= self._rules[literal]
        self._seen.clear()
        return found

    def _in_opened(self, raw: bytes) -> int:
        """The same for the event's text with its escapes opened."""
        text = raw.decode("utf-8", "replace")
        opened = unescape(text)
        found = self._in_text(opened)
        if '\\"' in opened or r"\u0022" in opened:  # a string may hold JSON with strings in it
            for _ in range(MAX_TEXTS + 1):
                text = without_escapes(text)
                found |= self._in_text(text)
                if "\\" not in text:
                    break
        return found

    def _in_text(self, text: str) -> int:
        if len(text) > _LONG_TEXT:  # the scan reports a literal once, not at each place
            self._scan(text.encode("utf-8", "surrogatepass"), self._saw)
            return self._take_seen()
        found = 0
        for _, rules in self._automaton.iter(text.lower()):
            found |= rules
        return found


def _appender(seen: list[int]) -> Callable[..., None]:
    def saw(literal: int, *_place: object) -> None:
        seen.append(literal)

    return saw


def searched(literal: str) -> str:
    """The text to search for in place of a literal: the literal itself, or a shortened service
    name.

    Most of the common end of AWS service names is cut off. Every CloudTrail event holds that end,
    and Hyperscan compares all literals that share an end wherever that end occurs: 150 service
    names would cost twice as much as the rest of the search.
    """
    name, end, after = literal.rpartition(".amazonaws.com")
    return f"{name}.ama" if end and after in ("", '"') else literal


def _scanner(words: Sequence[str]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[word.encode() for word in words],
        ids=list(range(len(words))),
        elements=len(words),
        flags=[_FLAGS] * len(words),
        literal=True,
    )
    return database
