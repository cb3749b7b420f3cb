"""The tree that the errors' module draws is the tree there is, and the manual knows every code."""

import importlib
import pkgutil
import re
from pathlib import Path

import matcher
from matcher import errors
from matcher.errors import MatcherError

_DRAWN = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+) +(?P<code>\d+)", re.MULTILINE)
_EXIT_CODES = Path(__file__).parents[1] / "docs" / "exit-codes.md"


def there() -> dict[str, tuple[str, int]]:
    """Every error by name: its parent's name, and its exit code."""
    for module in pkgutil.walk_packages(matcher.__path__, "matcher."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {}
    open_classes: list[type[MatcherError]] = [MatcherError]
    while open_classes:
        one = open_classes.pop()
        found[one.__name__] = (one.__base__.__name__, one.exit_code)
        open_classes += one.__subclasses__()
    return found


def drawn() -> dict[str, tuple[str, int]]:
    parents, found = ["Exception"], {}
    for line in _DRAWN.finditer(errors.__doc__ or ""):
        depth = len(line["branch"]) // 4
        del parents[depth + 1 :]
        found[line["name"]] = (parents[depth], int(line["code"]))
        parents.append(line["name"])
    return found


def test_the_drawn_tree_is_every_error_there_is():
    assert drawn() == there()


def test_the_manual_explains_every_exit_code():
    explained = set(re.findall(r"^\| (\d+) \|", _EXIT_CODES.read_text("utf-8"), re.MULTILINE))
    assert {str(code) for _, code in there().values()} <= explained
