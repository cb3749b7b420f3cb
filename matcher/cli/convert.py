"""``matcher convert``: converts rules to the other language."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from matcher.cli.options import ConfigFile, Profile, Rules, Sets, configuration, counted
from matcher.engine.rule import Rule
from matcher.errors import EXIT_RULES, RuleError, UsageError
from matcher.events.catalogue import Catalogue
from matcher.languages.nearest import nearest
from matcher.rulebook import Converted, Note, as_aql, as_sigma
from matcher.service.wiring import load_catalogue, load_rulebook


class Language(StrEnum):
    """The language of a rule."""

    AQL = "aql"
    SIGMA = "sigma"


@dataclass(frozen=True, slots=True)
class _Outcome:
    """The result for one rule."""

    rule: Rule
    documents: tuple[Converted, ...]


def convert(
    *,
    rule: Annotated[
        list[str],
        typer.Argument(metavar="RULE…", help="Rule files, directories of them, or rules' ids."),
    ],
    to: Annotated[Language, typer.Option(help="The language that is wanted.")],
    output: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="A file; or a directory, for a file a rule (DIR/ makes it). Else standard output.",
        ),
    ] = None,
    rules: Rules = None,
    profile: Profile = None,
    config: ConfigFile = None,
    sets: Sets = None,
) -> None:
    """Write rules in the other language. What cannot be said exactly is refused (exit code 11), and
    what may differ is said above each document and on standard error.
    """
    paths = [name for name in rule if Path(name).exists()]
    ids = [name for name in rule if name not in paths]
    named = {
        "rules.paths": ("RULE", paths) if not ids else ("--rules", [*paths, *(rules or [])]),
        "catalogue.profile": ("--profile", profile),
    }
    settings = configuration(config, sets, named).settings
    catalogue = load_catalogue(settings)
    rulebook = load_rulebook(settings, catalogue)
    chosen = _chosen(rulebook.rules, ids, paths) if ids else rulebook.rules
    outcomes, refused = _outcomes(chosen, to, catalogue)
    _write(outcomes, to, _directory(output) if output else None)
    _tell(outcomes, () if ids else rulebook.unevaluated)
    for why in (*rulebook.errors, *refused):
        sys.stderr.write(f"refused: {why}\n")
    if rulebook.errors or refused:
        raise typer.Exit(EXIT_RULES)


def _outcomes(
    chosen: Sequence[Rule], to: Language, catalogue: Catalogue
) -> tuple[list[_Outcome], list[RuleError]]:
    """The results, and the errors of the rules that are refused.

    A rule that is already in the language is left out. Raises UsageError if every rule is.
    """
    outcomes: list[_Outcome] = []
    refused: list[RuleError] = []
    for rule in chosen:
        if rule.language == to:
            sys.stderr.write(f"left out: {rule.file}: {rule.id} is {to} already\n")
            continue
        try:
            outcomes.append(_Outcome(rule, _converted(rule, to, catalogue)))
        except RuleError as error:
            refused.append(error)
    if chosen and not outcomes and not refused:
        raise UsageError(f"every rule that is named is {to} already")
    return outcomes, refused


def _tell(outcomes: Sequence[_Outcome], idle: Sequence[Note]) -> None:
    """Write each note once, with the rule that it is about or the number of rules; then the
    documents that are no rules.
    """
    about: dict[str, dict[str, None]] = {}
    for outcome in outcomes:
        for document in outcome.documents:
            for note in document.notes:
                about.setdefault(note, {})[outcome.rule.id] = None
    for note, rules in about.items():
        whose = counted(len(rules), "rule") if len(rules) > 1 else next(iter(rules))
        sys.stderr.write(f"note: {whose}: {note}\n")
    for one in idle:
        sys.stderr.write(f"left out: {one.file}: {one.rule_id}: {one.text}\n")


def _chosen(known: Sequence[Rule], ids: Sequence[str], paths: Sequence[str]) -> list[Rule]:
    """The rules with these ids, and those in these files. Raises UsageError for an unknown id."""
    by_id = {rule.id: rule for rule in known}
    for name in ids:
        if name not in by_id:
            guess = nearest(name, list(by_id))
            hint = f"; did you mean {guess}?" if guess else ""
            raise UsageError(f"there is no rule file and no rule '{name}'{hint}")
    inside = [
        rule
        for rule in known
        if any(Path(path) in (Path(rule.file), *Path(rule.file).parents) for path in paths)
    ]
    return list({rule.id: rule for rule in (*(by_id[name] for name in ids), *inside)}.values())


def _converted(rule: Rule, to: Language, catalogue: Catalogue) -> tuple[Converted, ...]:
    """The rule in the other language. Raises UnsupportedRule."""
    return (as_aql(rule, catalogue),) if to is Language.AQL else as_sigma(rule, catalogue)


def _directory(output: str) -> Path:
    """The path of the output; a path written as a directory's is created. Raises UsageError."""
    path = Path(output)
    if output.endswith("/"):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{output}: cannot be made: {error.strerror}") from error
    return path


def _write(outcomes: Sequence[_Outcome], to: Language, output: Path | None) -> None:
    """Write the results. A Sigma file may hold several documents, a rule file only one."""
    texts = [document.text for outcome in outcomes for document in outcome.documents]
    try:
        if output is None:
            sys.stdout.write("---\n".join(texts))
        elif output.is_dir():
            for name, outcome in zip(_names(outcomes, to), outcomes, strict=True):
                inside = "---\n".join(document.text for document in outcome.documents)
                (output / name).write_text(inside, encoding="utf-8")
        elif to is Language.AQL and len(texts) > 1:
            raise UsageError(f"--output {output}: a rule file holds one rule; name a directory")
        elif texts:
            output.write_text("---\n".join(texts), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output}: cannot be written: {error.strerror}") from error


def _names(outcomes: Sequence[_Outcome], to: Language) -> list[str]:
    """A file name for each rule: that of the rule's file, followed by the rule's id if the file
    holds several rules or another file has the same name.
    """
    stems = [Path(outcome.rule.file).stem for outcome in outcomes]
    taken = Counter(stem.casefold() for stem in stems)
    return [
        f"{stem}.{outcome.rule.id}.{to}.yml" if taken[stem.casefold()] > 1 else f"{stem}.{to}.yml"
        for stem, outcome in zip(stems, outcomes, strict=True)
    ]
