"""Lists of values that rules name (AQL's reference sets, Sigma's placeholders), read from a
directory of text files.
"""

from pathlib import Path

from matcher.errors import ConfigError

SUFFIX = ".txt"


def load_value_lists(directory: Path | None) -> dict[str, frozenset[str]]:
    """The lists by name: the file ``NAME.txt`` is the list NAME, with one value on each line; blank
    lines are skipped.

    Raises ConfigError that names every file which cannot be read.
    """
    if directory is None:
        return {}
    lists: dict[str, frozenset[str]] = {}
    findings: list[str] = []
    for file in sorted(directory.glob(f"*{SUFFIX}")):
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
            findings.append(f"{file}: the list of values cannot be read: {reason}")
            continue
        lists[file.stem] = frozenset(line.strip() for line in lines if line.strip())
    if findings:
        raise ConfigError("\n".join(findings))
    return lists
