r"""Literal texts that every match of a regular expression holds: what a prefilter can look for.

The expression's syntax is read cautiously: only characters outside groups and classes count, and an
expression with an unusual construct gives no texts.
"""

import re

_PART = re.compile(
    r"""
      (?P<flags>\(\?[a-zA-Z-]+\))
    | (?P<alternative>\|)
    | (?P<class>\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\])
    | (?P<open>\()
    | (?P<repeat>[*?]\??|\{\d+(?:,\d*)?\}\??)
    | (?P<again>\+\??)
    | (?P<sign>\\[^\w\s])
    | (?P<gap>\\[dDwWsSbBAztnrfv]|[.^$])
    | (?P<unusual>\\.?|[){}\[])
    | (?P<plain>.)
    """,
    re.DOTALL | re.VERBOSE,
)


def required_texts(pattern: str) -> list[str]:
    """Texts that every match holds, in any case; empty where that cannot be said."""
    runs, depth = [""], 0
    for part in _PART.finditer(pattern):
        kind, text = part.lastgroup, part[0]
        if (kind == "unusual" and text != ")") or (kind == "flags" and part.start()):
            return []
        if kind == "open":
            depth += 1
            runs.append("")
        elif text == ")" and kind == "unusual":
            depth -= 1
            runs.append("")
        elif depth:
            continue
        elif kind == "alternative":
            return []
        elif kind in ("plain", "sign"):
            runs[-1] += text[-1]
        else:
            if kind == "repeat":
                runs[-1] = runs[-1][:-1]
            runs.append("")
    return [run for run in runs if run] if depth == 0 else []
