"""Reads the settings from everywhere, and says everything that is wrong with them at once."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from matcher.config.checks import check
from matcher.config.sections import Settings
from matcher.errors import ConfigError

PREFIX = "MATCHER_"
CONFIG_VARIABLE = "MATCHER_CONFIG"

_OTHER_VARIABLES = re.compile(
    r"MATCHER_(CONFIG|CORPUS|KAFKA_CACHE|FAULT_RECORDS|FAULT_RESETS|FUZZ_SECONDS|REQUIRE_\w+)"
)
"""Variables of this project that are not settings: the settings file's path, and the test suite's
switches.
"""

_SERVICE_LINK = re.compile(r"MATCHER_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_\w+)")
"""Kubernetes sets these in every pod beside a Service whose name begins with "matcher"."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Settings that may be used, and the warnings about them, one line each."""

    settings: Settings
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One place that settings come from: nested values, and what a setting is called there."""

    name: str
    values: dict[str, Any]
    spelling: Mapping[str, str]

    def holds(self, path: tuple[str, ...]) -> bool:
        """True if this source gives a value at that path."""
        found: Any = self.values
        for key in path:
            if not isinstance(found, dict) or key not in found:
                return False
            found = found[key]
        return True

    def describe(self, dotted: str) -> str:
        """Where a reader finds the setting."""
        if self.name == "environment":
            return f"environment {PREFIX}{dotted.replace('.', '__').upper()}"
        return f"{self.name} {self.spelling[dotted]}" if dotted in self.spelling else self.name


def load_settings(
    config_file: Path | None = None,
    options: Mapping[str, tuple[str, Any]] | None = None,
) -> Configuration:
    """The settings in effect.

    ``options`` are what the command line gave: dotted setting name → (option's name, value).
    Raises :class:`ConfigError` with one message that holds every error; no secret is in it.
    """
    return _Loading(config_file, options or {}).run()


class _Loading:
    """One reading: collects problems, then either raises them or has settings."""

    def __init__(self, config_file: Path | None, options: Mapping[str, tuple[str, Any]]) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.sources = [
            _command_line(options),
            Source("environment", EnvSettingsSource(Settings)(), {}),
            self._file(config_file),
        ]

    def run(self) -> Configuration:
        merged: dict[str, Any] = {}
        for source in reversed(self.sources):
            _merge(merged, source.values)
        self._stray_variables()
        self._read_secrets(Settings, merged, ())
        settings = self._validate(merged)
        if self.problems:
            count = len(self.problems)
            heading = "1 setting is wrong:" if count == 1 else f"{count} settings are wrong:"
            raise ConfigError("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))
        if settings is None:  # pragma: no cover  (every error is also a problem)
            raise ConfigError("the settings cannot be read")
        return Configuration(settings, tuple(self.warnings))

    def _file(self, config_file: Path | None) -> Source:
        named = os.environ.get(CONFIG_VARIABLE)
        path = config_file or (Path(named) if named else None)
        if path is None:
            return Source("file", {}, {})
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            self.problems.append(f"{path}: cannot be read: {error.strerror}")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.problems.append(f"{path}: is no TOML: {error}")
        else:
            return Source(str(path), values, {})
        return Source(str(path), {}, {})

    def _stray_variables(self) -> None:
        """Variables with this project's prefix that set nothing."""
        known = {f"{PREFIX}{'__'.join(path)}".upper(): path for path, _ in leaves(Settings)}
        for variable, value in os.environ.items():
            name = variable.upper()
            if not name.startswith(PREFIX) or name in known or _OTHER_VARIABLES.fullmatch(name):
                continue
            section = name.removeprefix(PREFIX).split("__")[0].lower()
            if "__" in name and section in Settings.model_fields:
                continue  # the validation reports an unknown name in a known section
            if _SERVICE_LINK.fullmatch(name) or value.startswith(("tcp://", "udp://")):
                continue
            near = difflib.get_close_matches(name, known, 1, 0.8)
            if near or "__" in name:
                self.problems.append(f"{variable} (environment): no such setting{_meant(near)}")
            else:
                self.warnings.append(f"{variable} (environment): no setting of ours; ignored")

    def _read_secrets(
        self, model: type[BaseModel], values: dict[str, Any], at: tuple[str, ...]
    ) -> None:
        """Replaces each ``secret_file`` by ``secret``, the file's text without its line end."""
        for name, field in model.model_fields.items():
            below = section_of(field)
            if below is not None and isinstance(values.get(name), dict):
                self._read_secrets(below, values[name], (*at, name))
            given = f"{name}_file"
            if not is_secret(field) or given not in values:
                continue
            path, place = values.pop(given), self._place((*at, given))
            if name in values:
                self.problems.append(f"{place}: {name} is given too; give one of them")
                continue
            try:
                values[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError, TypeError) as error:
                reason = getattr(error, "strerror", None) or "it is no text file"
                self.problems.append(f"{place}: the file cannot be read: {reason}")
                continue
            if not values[name]:
                self.problems.append(f"{place}: the file is empty")

    def _validate(self, merged: dict[str, Any]) -> Settings | None:
        try:
            settings = Settings(**merged)
        except ValidationError as error:
            wrong: set[str] = set()
            for item in error.errors(include_url=False):
                path = _setting_path(item["loc"])
                self.problems.append(f"{self._place(path)}: {_explain(path, item)}")
                wrong.add(".".join(path))
                _remove(merged, path)
            self._contradictions(merged, wrong)
            return None
        self._contradictions(merged, set())
        return settings

    def _contradictions(self, merged: dict[str, Any], wrong: set[str]) -> None:
        """Check the settings that are valid by themselves against each other."""
        try:
            settings = Settings(**merged)
        except ValidationError:
            return
        for finding in check(settings):
            if wrong.intersection(finding.settings):
                continue
            others = "".join(f", {self._place(tuple(n.split('.')))}" for n in finding.settings[1:])
            line = f"{self._place(tuple(finding.settings[0].split('.')))}{others}"
            (self.problems if finding.fatal else self.warnings).append(f"{line}: {finding.message}")

    def _place(self, path: tuple[str, ...]) -> str:
        dotted = ".".join(path)
        for source in self.sources:
            if source.holds(path):
                return f"{dotted} ({source.describe(dotted)})"
        return f"{dotted} (default)"


def leaves(
    model: type[BaseModel], at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every setting below a section: its path and its definition; a secret's ``…_file`` is one of
    them.
    """
    for name, field in model.model_fields.items():
        below = section_of(field)
        if below is not None:
            yield from leaves(below, (*at, name))
            continue
        yield (*at, name), field
        if is_secret(field):
            yield (*at, f"{name}_file"), field


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section that a field holds, None where the field holds a value."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def is_secret(field: FieldInfo) -> bool:
    """True if the value must never be shown."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _command_line(options: Mapping[str, tuple[str, Any]]) -> Source:
    values: dict[str, Any] = {}
    for dotted, (_, value) in options.items():
        *sections, name = dotted.split(".")
        below = values
        for section in sections:
            below = below.setdefault(section, {})
        below[name] = value
    return Source("option", values, {dotted: name for dotted, (name, _) in options.items()})


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            below = into.get(key)
            into[key] = below if isinstance(below, dict) else {}
            _merge(into[key], value)
        else:
            into[key] = value


def _remove(values: dict[str, Any], path: tuple[str, ...]) -> None:
    *sections, name = path
    for section in sections:
        below = values.get(section)
        if not isinstance(below, dict):
            return
        values = below
    values.pop(name, None)


def _setting_path(location: tuple[int | str, ...]) -> tuple[str, ...]:
    """The path without indexes into a list: the part that a person can set."""
    return tuple(part for part in location if isinstance(part, str))


def _explain(path: tuple[str, ...], item: Any) -> str:
    """What is wrong and what is allowed; the value is shown where it cannot be a secret, such as a
    password that someone wrote before an address.
    """
    known = dict(leaves(Settings))
    if item["type"] == "extra_forbidden":
        siblings = [p[-1] for p in known if p[:-1] == path[:-1]]
        siblings += [p[0] for p in known if len(path) == 1]
        return f"no such setting{_meant(difflib.get_close_matches(path[-1], siblings, 1))}"
    field = known.get(path)
    if field is None:
        return "this is a section: set the settings in it"
    message = str(item["msg"]).removeprefix("Value error, ")
    message = re.sub(r"^Input should", "it should", message)
    value = item["input"]
    if is_secret(field) or "@" in str(value) or not isinstance(value, str | int | float | bool):
        return message
    return f"{value!r}: {message}"


def _meant(near: list[str]) -> str:
    return f"; did you mean {near[0]}?" if near else ""
