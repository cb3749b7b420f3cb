"""Looks up the property that a name means, and the name that a function such as QIDNAME gives to a
number.
"""

from collections.abc import Iterable, Mapping

from matcher.engine.expression import Field, Operand
from matcher.engine.values import text_of
from matcher.errors import Location, RuleSemanticError
from matcher.events.catalogue import Catalogue
from matcher.events.schema import EMPTY_EVENT, Property
from matcher.languages.aql import ast, dialect
from matcher.languages.aql.findings import Findings
from matcher.languages.nearest import nearest

_NAME_OF_ID: Mapping[str, Mapping[str, str]] = {
    "QIDNAME": {"qid": "qidname"},
    "CATEGORYNAME": {"category": "categoryname", "highlevelcategory": "highlevelcategoryname"},
    "LOGSOURCENAME": {"logsourceid": "logsourcename"},
    "LOGSOURCETYPENAME": {"devicetype": "logsourcetypename", "logsourceid": "logsourcetypename"},
    "UTF8": {"payload": "payload"},
    "QIDDESCRIPTION": {"qid": "qidname"},
    "DOMAINNAME": {"domainid": "domainname"},
    "PROTOCOLNAME": {"protocolid": "protocolname"},
    "LOGSOURCEGROUPNAME": {"devicegrouplist": "logsourcegroupname"},
}
"""The property that holds the name for the number in a column, by function (docs/reference/aql.md,
"Functions").
"""

_SAID = {
    "QIDDESCRIPTION": "there are no descriptions here: QIDDESCRIPTION is the QID name",
    "DOMAINNAME": "there is one domain here: DOMAINNAME is 'Default Domain'",
    "PROTOCOLNAME": "audit events name no IP protocol: PROTOCOLNAME is 'Reserved'",
    "LOGSOURCEGROUPNAME": "there are no log source groups here: LOGSOURCEGROUPNAME is NULL",
}

_NOTHING = ("none", "nil", "undefined", "nothing", "empty")
"""What other languages call NULL."""

_NAMES = ("QIDNAME", "CATEGORYNAME", "LOGSOURCENAME", "LOGSOURCETYPENAME")

NAMING_FUNCTIONS = tuple(_NAME_OF_ID)


class Names:
    """Looks up names in the catalogue and among the aliases of the SELECT list."""

    def __init__(self, catalogue: Catalogue, findings: Findings) -> None:
        self._properties = catalogue.properties
        self._findings = findings
        self._aliases: dict[str, Operand] = {}

    def define(self, aliases: Iterable[tuple[str, Operand]]) -> None:
        """Define these aliases for their operands. Aliases are case-insensitive
        (docs/reference/aql.md, "The statement").
        """
        self._aliases.update((alias.casefold(), operand) for alias, operand in aliases)

    def operand(self, name: ast.Name) -> Operand:
        """The operand of a name: an alias, or else a property."""
        alias = self._aliases.get(name.text.casefold())
        return alias if alias is not None else Field(self.property(name), name.text)

    def property(self, name: ast.Name) -> Property:
        """The property of a name. Raises RuleSemanticError if there is none."""
        found = self._properties.find(name.text)
        if found is not None:
            if found.fixed:
                shown = text_of(found.get(EMPTY_EVENT)) or "NULL"
                self._findings.note(f"{found.name} is always {shown} here: docs/properties.md")
            return found
        foreign = self._properties.find_alias(name.text)
        if foreign is not None:
            self._findings.departs(
                dialect.FOREIGN_PROPERTY, name.at, name=name.text, property=foreign.name
            )
            return foreign
        raise self._unknown(name)

    def is_field(self, found: Property) -> bool:
        """Whether the property is a field of every event; a custom property is not, and its value
        may be any text.
        """
        return found.name in self._properties.by_field

    def function_of(self, found: Property) -> str | None:
        """The function that gives the name for a property's number, such as QIDNAME for qid."""
        for function in _NAMES:
            if found.name in _NAME_OF_ID[function]:
                return function
        return None

    def name_of_id(self, call: ast.FunctionCall) -> Field:
        """The operand of ``QIDNAME(qid)`` and similar calls.

        The argument is a column, even if an alias has its name. Raises RuleSemanticError for any
        column other than the one that the function takes.
        """
        function = call.name.upper()
        columns = _NAME_OF_ID[function]
        argument = call.arguments[0] if len(call.arguments) == 1 else None
        column = argument.text.casefold() if isinstance(argument, ast.Name) else ""
        found = self._properties.find(columns.get(column, ""))
        if found is None:
            raise self._wrong_id(function, call.at)
        if function == "LOGSOURCETYPENAME" and column == "logsourceid":
            self._findings.departs(dialect.TYPE_OF_LOG_SOURCE, call.at)
        if function in _SAID:
            self._findings.note(_SAID[function])
        return Field(found, f"{function}({column})")

    def now(self, call: ast.FunctionCall) -> Field:
        """``NOW()``. In a rule it is the event's start time, the time at which the event came."""
        found = self._properties.find("starttime")
        if call.arguments or call.star or found is None:
            raise self._findings.semantic("wrong-argument", "NOW takes no argument", call.at)
        return Field(found, "NOW()")

    def starttime(self) -> Field:
        """The event's start time, even if an alias has its name."""
        return Field(self._properties.by_field["starttime"], "starttime")

    def _wrong_id(self, function: str, at: Location) -> RuleSemanticError:
        takes = next(iter(_NAME_OF_ID[function]))
        return self._findings.semantic(
            "wrong-argument", f"{function} takes {takes}", at, f"write {function}({takes})"
        )

    def _unknown(self, name: ast.Name) -> RuleSemanticError:
        guess = nearest(name.text, self._properties.names())
        hint = f'did you mean "{guess}"?' if guess else ""
        if name.quoted and not guess:
            hint = "double quotes hold names; a text stands in single quotes"
        elif name.text.casefold() in ("true", "false"):
            hint = f"a truth value is compared as a text: '{name.text.casefold()}'"
        elif name.text.casefold() in _NOTHING:
            hint = "where there is no value, write IS NULL"
        elif not hint:
            hint = "docs/properties.md lists them, and says how to add one"
        return self._findings.semantic(
            "unknown-property", f'unknown property "{name.text}"', name.at, hint
        )
