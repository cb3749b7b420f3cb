r"""Finds, in an event's raw bytes, which rules' literals stand there.

Two searches for the same literals, ASCII-caseless both. Hyperscan only says whether *any* stands
there: vectorised, it costs a tenth of the second search, and for nearly every event it says no.
The Aho-Corasick automaton then says *which* (pyahocorasick's wheel takes text, so bytes are
lowered and read as Latin-1). ``\u00`` and ``\/`` are needles of their own: an event that holds one
may spell a literal in escapes, and is searched once more with its escapes opened.

A set of rules is an int, bit *i* for rule *i*.
"""

from collections.abc import Sequence

import ahocorasick
import hyperscan

from matcher.engine.literals import Need
from matcher.events.text import unescape

_ESCAPES = (r"\u00", r"\/")
_FLAGS = hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH


class Prefilter:
    """Built once for a rule set. Not for several threads at a time: the scan has one scratch."""

    def __init__(self, needs: Sequence[Need]) -> None:
        words: dict[str, int] = {}
        self.always = 0
        for index, need in enumerate(needs):
            if need.literals is None:
                self.always |= 1 << index
                continue
            for literal in need.literals:
                words[literal] = words.get(literal, 0) | 1 << index
        self._escaped = 1 << len(needs)
        for escape in _ESCAPES:
            words[escape] = words.get(escape, 0) | self._escaped
        self._automaton = ahocorasick.Automaton()
        for word, rules in words.items():
            self._automaton.add_word(word, rules)
        self._automaton.make_automaton()
        self._seen: list[int] = []
        self._scan = _scanner(list(words)).scan

    def candidates(self, raw: bytes) -> int:
        """Every rule that could match the event: none that could is missing."""
        self._seen.clear()
        self._scan(raw, match_event_handler=self._saw)
        if not self._seen:
            return self.always
        found = self._search(raw.lower().decode("latin-1"))
        if found & self._escaped:
            opened = unescape(raw.decode("utf-8", "replace"))
            found |= self._search(opened.encode("utf-8", "replace").lower().decode("latin-1"))
            found &= ~self._escaped
        return found | self.always

    def _saw(self, literal: int, *_place: object) -> None:
        self._seen.append(literal)

    def _search(self, text: str) -> int:
        found = 0
        for _, rules in self._automaton.iter(text):
            found |= rules
        return found


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
