"""An AQL rule's expression → one expression in Sigma's terms for each log source that the rule may
match.

A Sigma rule has one log source. Therefore the conditions that the log source type alone decides are
decided first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from matcher.engine.expression import Always, Among, Expression, Field, Operand, leaves
from matcher.engine.gate import simplified, specialized
from matcher.events.catalogue import Catalogue
from matcher.events.sources import SourceKind
from matcher.languages.conversion.notes import Notes, refused
from matcher.languages.conversion.to_sigma import SigmaTerms
from matcher.languages.sigma.log_sources import SigmaLogSource, known_log_sources


@dataclass(frozen=True, slots=True)
class SigmaExpression:
    """The rule for one log source. Conditions on the log source type are left out: the
    ``logsource`` states them. ``fields`` are the names that the rule's columns show.
    """

    source: SigmaLogSource
    expression: Expression
    fields: tuple[str, ...]
    notes: tuple[str, ...]


def sigma_expressions(
    expression: Expression, columns: tuple[Operand, ...], catalogue: Catalogue
) -> tuple[SigmaExpression, ...]:
    """One expression for each Sigma log source whose events the rule may match.

    Raises UnsupportedRule, without a place, for the first thing that Sigma cannot express.
    """
    made = tuple(_expressions(expression, columns, catalogue))
    if not made:
        raise refused("no-log-source", "it never holds, or for no log source that Sigma names here")
    return made


def _expressions(
    expression: Expression, columns: tuple[Operand, ...], catalogue: Catalogue
) -> Iterator[SigmaExpression]:
    left_out = tuple(_left_out(expression, catalogue))
    taken: set[SourceKind] = set()
    for source in known_log_sources():
        kind = source.kinds[0]
        if kind in taken:
            continue
        taken.add(kind)
        found = Notes()
        for note in left_out:
            found.add(note)
        part = specialized(expression, catalogue.type_of(kind))
        if part == Always(holds=False):
            continue
        maker = SigmaTerms(source, kind, catalogue, found)
        made = simplified(maker.expression(part))
        if made == Always(holds=True):
            message = f"it holds for every event of {source.name}, which no selection says"
            raise refused("every-event", message)
        if made != Always(holds=False):
            yield SigmaExpression(source, made, tuple(maker.shown(columns)), found.lines)


def _left_out(expression: Expression, catalogue: Catalogue) -> Iterator[str]:
    """Notes about events that belong to no Sigma log source."""
    if specialized(expression, catalogue.type_of(SourceKind.UNKNOWN)) != Always(holds=False):
        yield "events of no known log source are looked at, too: these have no logsource in Sigma"
    others = ", ".join(map(str, _unknown_types(expression, catalogue)))
    if others:
        yield f"log source types that are not known here are left out: {others}"


def _unknown_types(expression: Expression, catalogue: Catalogue) -> tuple[int, ...]:
    """The log source type numbers in the expression that the catalogue does not have."""
    ours = {kind.id for kind in catalogue.log_source_types}
    found: dict[int, None] = {}
    for leaf in leaves(expression):
        match leaf:
            case Among(Field(property=gate), values) if gate.name == "devicetype":
                found |= {v: None for v in values if isinstance(v, int) and v not in ours}
    return tuple(found)
