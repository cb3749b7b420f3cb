"""Settings → catalogue → rules → pipeline: what every command that matches needs."""

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

from matcher.config import RuleSettings, Settings
from matcher.engine.ruleset import RuleSet
from matcher.errors import ConfigError
from matcher.events.catalogue import Catalogue
from matcher.events.envelope import Limits
from matcher.languages import sigma
from matcher.languages.aql import AqlPolicy
from matcher.pipeline.lean import LeanPipeline, rules_that_forbid_lean
from matcher.pipeline.process import Pipeline
from matcher.rulebook import Rulebook, load_rules
from matcher.service.value_lists import load_value_lists

SHIPPED_RULES = Path(__file__).parents[1] / "shipped_rules"
"""The rules that come with the program. In a checkout they are the directory ``rules``
at its top.
"""


def rule_paths(settings: Settings) -> tuple[Path, ...]:
    """The paths of the rules: the setting; without one, the directory ``rules`` if it exists, or
    else the rules that come with the program.
    """
    paths = settings.rules.paths
    unset = paths == RuleSettings().paths and not any(path.exists() for path in paths)
    return (SHIPPED_RULES,) if unset else paths


def load_catalogue(settings: Settings) -> Catalogue:
    """The catalogue of the profile. Raises ConfigError."""
    return Catalogue.load(settings.catalogue.profile, settings.catalogue.directory)


def load_policy(settings: Settings) -> AqlPolicy:
    """How AQL is understood. Raises ConfigError for a reference set that cannot be read."""
    aql = settings.aql
    return AqlPolicy(
        nulls=aql.nulls,
        matches=aql.matches,
        zone=UTC if aql.time_zone == "UTC" else ZoneInfo(aql.time_zone),
        reference_sets=load_value_lists(aql.reference_sets),
    )


def load_rulebook(settings: Settings, catalogue: Catalogue) -> Rulebook:
    """The rulebook; refused rules are among its errors. Raises UsageError, and RuleError if there
    is nothing to read.
    """
    lists = load_value_lists(settings.sigma.placeholders)
    placeholders = sigma.Placeholders(
        {name: tuple(sorted(values)) for name, values in lists.items()}
    )
    return load_rules(rule_paths(settings), catalogue, load_policy(settings), placeholders)


def build_pipeline(settings: Settings, warn: Callable[[str], None]) -> Pipeline:
    """A pipeline with every rule loaded. ``warn`` is called about each document that is read but
    has no effect.

    Raises ConfigError, UsageError for a path that does not exist, and RuleErrors if a rule is
    refused: a service that runs with some of its rules would silently miss attacks. If
    ``rules.refused`` is ``skip``, each refused rule is a warning instead.
    """
    catalogue = load_catalogue(settings)
    rulebook = load_rulebook(settings, catalogue)
    if settings.rules.refused == "skip":
        for error in rulebook.errors:
            warn(f"refused, and left out: {error}")
    else:
        rulebook.raise_errors()
    for note in rulebook.unevaluated:
        warn(f"{note.file}: {note.rule_id}: {note.text}")
    if not rulebook.rules:
        warn("no rule is loaded: nothing can match")
    ruleset = RuleSet(rulebook.rules, catalogue.log_source_types)
    return Pipeline(
        ruleset,
        catalogue,
        max_alert_bytes=settings.alert.max_bytes,
        limits=Limits(max_event_bytes=settings.events.max_bytes),
    )


def accounted(settings: Settings, pipeline: Pipeline) -> Pipeline | LeanPipeline:
    """The pipeline that takes the batches, as ``input.accounting`` says.

    Raises ConfigError for ``lean`` if a rule looks at every event: no record could be left closed.
    """
    if settings.input.accounting == "full":
        return pipeline
    always = rules_that_forbid_lean(pipeline.ruleset)
    if always:
        lines = [f"\n  {rule_id}: {because}" for rule_id, because in always]
        raise ConfigError(
            "input.accounting: lean opens only records that hold a text which a rule requires, and "
            "these rules require none, so that they look at every event. Change or leave out the "
            f"rules, or set full.{''.join(lines)}"
        )
    return LeanPipeline(pipeline)
