"""Shows settings: the page ``docs/settings.md``, and the ones in effect as TOML."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from matcher.config.loading import PREFIX, is_secret, leaves, section_of
from matcher.config.sections import Settings

MASK = "********"

_INTRODUCTION = """\
# Settings

<!-- Written by `python -m matcher.config`: change the classes, not this page. -->

Every setting has one name and can be given in four places. The strongest wins:

1. an option of the command: `--set kafka.session_timeout=6`, and short ones such as `--topic`;
2. the environment: `MATCHER_KAFKA__SESSION_TIMEOUT=6`, with two underscores between section and
   name; lists are separated by commas, and an empty variable counts as unset;
3. the TOML file that `--config` or `MATCHER_CONFIG` names: `session_timeout = 6` under `[kafka]`;
4. the default.

A secret can be read from a file: `MATCHER_KAFKA__SECURITY__PASSWORD_FILE=/run/secrets/kafka`.
Durations are seconds, sizes are bytes. Everything that is wrong is reported in one message, with
exit code 10, and `matcher run --print-config` shows the settings in effect with secrets masked.
"""


def settings_page() -> str:
    """The text of ``docs/settings.md``."""
    parts = [_INTRODUCTION]
    for name, model in _sections(Settings, ()):
        rows = [
            f"| `{'.'.join(path)}` | `{PREFIX}{'__'.join(path).upper()}` "
            f"| {_shown_default(field)} | {_meaning(path[-1], field)} |"
            for path, field in leaves(model, name)
            if len(path) == len(name) + 1
        ]
        parts += [
            f"## `[{'.'.join(name)}]`\n",
            f"{(model.__doc__ or '').strip()}\n",
            "| setting | environment | default | meaning and limits |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    return "\n".join(parts)


def effective_toml(settings: Settings) -> str:
    """The settings in effect as a TOML document; secrets are masked, unset ones are comments."""
    lines: list[str] = []
    for path, model in _sections(Settings, ()):
        section: BaseModel = settings
        for name in path:
            section = getattr(section, name)
        lines.append(f"[{'.'.join(path)}]")
        for name, field in model.model_fields.items():
            if section_of(field) is None:
                value = getattr(section, name)
                lines.append(f"# {name} is unset" if value is None else f"{name} = {_toml(value)}")
        lines.append("")
    return "\n".join(lines)


def _sections(
    model: type[BaseModel], at: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    for name, field in model.model_fields.items():
        below = section_of(field)
        if below is not None:
            yield (*at, name), below
            yield from _sections(below, (*at, name))


def _toml(value: Any) -> str:
    if isinstance(value, SecretStr):
        return json.dumps(MASK)
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Path):
        return json.dumps(str(value))
    return json.dumps(value)


def _shown_default(field: FieldInfo) -> str:
    return "unset" if field.default is None else f"`{_toml(field.default)}`"


def _meaning(name: str, field: FieldInfo) -> str:
    if is_secret(field) and name.endswith("_file"):
        return f"path of a file that holds `{name.removesuffix('_file')}`"
    words = [field.description or name.replace("_", " ")]
    allowed = [f"`{choice}`" for choice in _choices(field.annotation)]
    if allowed:
        words.append(f"one of {', '.join(allowed)}")
    words += list(_limits(field))
    return "; ".join(words)


def _choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)


def _limits(field: FieldInfo) -> Iterator[str]:
    for limit in field.metadata:
        if isinstance(limit, annotated_types.Gt):
            yield f"above {limit.gt}"
        elif isinstance(limit, annotated_types.Ge):
            yield f"at least {limit.ge}"
        elif isinstance(limit, annotated_types.Le):
            yield f"at most {limit.le}"
