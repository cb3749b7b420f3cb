r"""Finds in the bytes of many records, joined, which of them a rule could match.

:mod:`matcher.engine.prefilter` searches one event that was taken out of its envelopes. Here the
envelopes are still closed, so the scan also searches for whatever hides the text of an event:
escapes (``\u00``, ``\/``), and everything in :data:`matcher.events.envelope.VEILS`. Apart from
those, the text of an event stands unchanged in its record, with one exception: if the event stands
in a string, a backslash stands before each of its quotes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import hyperscan

from matcher.engine.literals import RequiredLiterals
from matcher.engine.prefilter import ESCAPES, searched
from matcher.events.envelope import VEILS

_HITS_A_RECORD = 4
_HITS_AT_LEAST = 64


class RecordScan:
    """Built once for rules that all require a literal. Raises ValueError for other rules, which
    could match any record. It must not be used by several threads at once: the scan has one scratch
    space.
    """

    def __init__(self, rules: Iterable[RequiredLiterals]) -> None:
        literals: set[str] = set()
        for required in rules:
            if required.literals is None:
                raise ValueError(f"a rule looks at every event: {required.because}")
            literals.update(*map(_spellings, required.literals))
        texts = [text.encode() for text in (*sorted(literals), *ESCAPES)]
        self._scan = _scanner([*texts, *VEILS]).scan
        # the two-byte veils are not ASCII, and take a tenth of the time of the search
        self._scan_ascii = _scanner([*texts, *filter(bytes.isascii, VEILS)]).scan
        self._ends: list[int] = []
        self._most = 0

    def hits(self, values: Sequence[bytes]) -> list[int]:
        """The indexes of the records that hold a literal or a veil, ascending.

        No record in which an event matches a rule is missing. Where there are many hits, all the
        remaining records count as hits: reporting a hit costs more than looking at a record.
        """
        self._ends, self._most = [], _HITS_AT_LEAST + _HITS_A_RECORD * len(values)
        stopped = False
        joined = b"".join(values)
        # a NUL means UTF-16, perhaps without its mark; Hyperscan takes no literal with a NUL
        veiled = [at for at, one in enumerate(values) if b"\0" in one] if b"\0" in joined else []
        scan = self._scan_ascii if joined.isascii() else self._scan
        try:
            scan(joined, self._saw)
        except hyperscan.ScanTerminated:
            stopped = True
        if not self._ends:
            return veiled
        bounds = list(accumulate(map(len, values)))
        hit = sorted({*veiled, *(bisect_left(bounds, end) for end in self._ends)})
        if not stopped:
            return hit
        seen = bisect_left(bounds, self._ends[-1])
        return sorted({*hit, *range(seen + 1, len(values))})

    def _saw(self, _literal: int, _start: int, end: int, *_rest: object) -> bool:
        self._ends.append(end)
        return len(self._ends) >= self._most


def _spellings(literal: str) -> Iterator[str]:
    """What a record holds where an event in it holds the literal, in a string or not."""
    found = searched(literal)
    yield found
    if found.startswith('"') and found.endswith('"'):
        yield found[:-1] + "\\"


def _scanner(texts: Sequence[bytes]) -> hyperscan.Database:
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=texts,
        ids=list(range(len(texts))),
        elements=len(texts),
        # all literals ignore case: exact literals among them would make the search a tenth slower
        flags=[hyperscan.HS_FLAG_CASELESS] * len(texts),
        literal=True,
    )
    return database
