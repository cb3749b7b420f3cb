r"""Finds, in an event's raw bytes, which rules' literals stand there.

One Aho-Corasick automaton over every literal of every rule (pyahocorasick: its wheel takes text,
so bytes are lowered and read as Latin-1, which keeps offsets). ``\u00`` and ``\/`` are needles of
their own: an event that holds one may spell a literal in escapes, and is searched once more with
its escapes opened. A set of rules is an int, bit *i* for rule *i*.
"""

from collections.abc import Sequence

import ahocorasick

from matcher.engine.literals import Need
from matcher.events.text import unescape

_ESCAPES = (r"\u00", r"\/")


class Prefilter:
    """Built once for a rule set; immutable afterwards."""

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

    def candidates(self, raw: bytes) -> int:
        """Every rule that could match the event: none that could is missing."""
        found = self._search(raw.lower().decode("latin-1"))
        if found & self._escaped:
            opened = unescape(raw.decode("utf-8", "replace"))
            found |= self._search(opened.encode("utf-8", "replace").lower().decode("latin-1"))
            found &= ~self._escaped
        return found | self.always

    def _search(self, text: str) -> int:
        found = 0
        for _, rules in self._automaton.iter(text):
            found |= rules
        return found
