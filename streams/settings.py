"""config/*.toml + FLYWATCH_* -> frozen settings; the only reader of either.

A variable ``FLYWATCH_<TABLE>__<SETTING>`` stands above what the file says, and is written as the file would write it;
an empty one counts as not set. What is wrong in files and environment is told all at once, by one ConfigError.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, InstanceOf, ValidationError

from streams import rules_file, security_file
from streams.config_access import SECRETS
from streams.config_errors import ConfigError, Loc, explained, place
from streams.config_model import nearest
from streams.core import first_look, plan
from streams.core.rules import Rule
from streams.core.security.guard import CatalogueGuard
from streams.flywatch_file import Sections
from streams.searches import FirstLook

FLYWATCH = "flywatch.toml"
RULES = "rules.toml"
SECURITY = "security.toml"
PREFIX = "FLYWATCH_"
APART = {"FLYWATCH_CONFIG", "FLYWATCH_KAFKA_PORT", "FLYWATCH_KAFKA_IMAGE", *SECRETS}  # of this loader, the local broker
NEVER_AHEAD_MS = 1 << 62
Keys = tuple[str, ...]  # the place of a setting: table, setting
_AT_LINE = re.compile(r" \(at line ([0-9]+), column [0-9]+\)$")


class Settings(Sections):
    """Everything that is configured."""

    rules: tuple[InstanceOf[Rule], ...] = ()
    security: InstanceOf[CatalogueGuard] | None = None

    def plan(self) -> plan.Plan:
        """Return what the core is told."""
        live = self.time.mode == "live"
        return plan.Plan(
            rules=self.rules,
            apps={app.name: app.app() for app in self.apps},
            unlisted=plan.App("", monitoring=self.unlisted),
            limits=plan.Limits(**dict(self.limits)),
            partitions=self.topics.partitions,
            lateness_ms=self.time.lateness_ms,
            ahead_ms=self.time.ahead_ms if live else NEVER_AHEAD_MS,
            grace_ms=self.time.grace_ms,
            silent_ms=self.time.silent_ms if live else None,
            requests=self.publish.requests,
            formats=tuple(pattern.format() for pattern in self.patterns),
            external=tuple(service.external() for service in self.external),
            masks=tuple(mask.mask() for mask in self.masks),
            templates=self.routes,
            look=_first_look(() if self.security is None else self.security.words),
            security=self.security,
        )


def load(directory: Path | None = None, rules: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read flywatch.toml of a directory, rules.toml (or ``rules``) and security.toml beside it, and FLYWATCH_*.

    Raise ConfigError with all that is wrong.

    Without a directory: FLYWATCH_CONFIG, else ``config/`` of the checkout this runs from, else ``./config``.
    """
    directory = directory or _directory(environ)
    file, rules = directory / FLYWATCH, rules or directory / RULES
    problems: list[str] = []
    data, rules_data, catalogue = _read(file, problems), _read(rules, problems), _read(directory / SECURITY, problems)
    sections = _sections(data, file, environ, problems)
    found: tuple[Rule, ...] = ()
    if rules_data is not None:
        try:
            found = rules_file.rules(rules_data, rules, None if data is None else _app_names(data))
        except ConfigError as error:
            problems += error.problems
    security = _guard(catalogue, directory / SECURITY, problems)
    if problems or sections is None:
        raise ConfigError(problems)
    return Settings.model_construct(**dict(sections), rules=found, security=security)


def _guard(data: dict[str, Any] | None, file: Path, problems: list[str]) -> CatalogueGuard | None:
    try:
        return None if data is None else security_file.guard(data, file)
    except ConfigError as error:
        problems += error.problems
        return None


@lru_cache(maxsize=8)
def _first_look(words: tuple[str, ...]) -> FirstLook:
    return FirstLook(first_look.pattern(words))


def _directory(environ: Mapping[str, str]) -> Path:
    if named := environ.get("FLYWATCH_CONFIG"):
        return Path(named)
    beside = Path(__file__).resolve().parents[1] / "config"
    return beside if (beside / FLYWATCH).is_file() else Path("config")


def _read(file: Path, problems: list[str]) -> dict[str, Any] | None:
    """Read a TOML file; None, and one problem more, when that is not possible."""
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        problem = "no such file" + (
            "; FLYWATCH_CONFIG names the directory of the files" if file.name in {FLYWATCH, RULES, SECURITY} else ""
        )
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        problem = f"line {error.object[: error.start].count(10) + 1}: is not UTF-8 text"
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a plain ValueError
        line = _AT_LINE.search(str(error))
        problem = f"line {line[1]}: {_AT_LINE.sub('', str(error))}" if line else str(error)
    problems.append(f"{place(file)}: {problem}")
    return None


def _sections(data: dict[str, Any] | None, file: Path, environ: Mapping[str, str], problems: list[str]) -> Sections | None:
    """Check flywatch.toml with the environment above it; None, and the problems, when they cannot be used."""
    known = dict(_variables(Sections))
    given = {name: text for name, text in environ.items() if name.startswith(PREFIX) and name not in APART and text}
    problems += [_unknown(name, known) for name in sorted(given) if name not in known]
    variables: dict[Loc, str] = {}
    merged: dict[str, Any] = data or {}
    for name in sorted(given.keys() & known.keys()):
        loc, kind = known[name]
        variables[loc] = name
        merged = _put(merged, loc, _typed(given[name], kind))
    try:
        return Sections.model_validate(merged)
    except ValidationError as error:
        problems += explained(error, Sections, merged, file, variables)
        return None


def _variables(model: type[BaseModel], above: Keys = ()) -> Iterator[tuple[str, tuple[Keys, Any]]]:
    """Yield every variable with the place of its setting and its kind; lists of tables have none."""
    for name, field in model.model_fields.items():
        loc, kind = (*above, field.alias or name), field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _variables(kind, loc)
        elif get_origin(kind) is not tuple:
            yield PREFIX + "__".join(loc).upper(), (loc, kind)


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    near = nearest(name.removeprefix(PREFIX), [other.removeprefix(PREFIX) for other in known])
    mend = f"did you mean {PREFIX}{near}?" if near else f"settings are {PREFIX}<TABLE>__<SETTING>"
    return f"environment: {name}: unknown variable; {mend}"


def _put(data: dict[str, Any], loc: Keys, value: Any) -> dict[str, Any]:
    """Return the data with one setting replaced; what should be a table and is none stays as wrong as it is."""
    below = data.get(loc[0], {})
    if len(loc) > 1:
        value = _put(below, loc[1:], value) if isinstance(below, dict) else below
    return {**data, loc[0]: value}


def _typed(text: str, kind: Any) -> Any:
    """Return a variable's text as TOML's value: numbers and booleans as they are, all else as if in quotes."""
    if kind in {int, bool}:
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except ValueError:
            pass  # a duration, or wrong: the check of the setting tells which
    return text


def _app_names(data: Mapping[str, Any]) -> list[str]:
    """Return the names of all apps, right or wrong, so that rules are checked even when the apps are not right."""
    listed = data.get("app")
    names = [app.get("name") for app in listed if isinstance(app, dict)] if isinstance(listed, list) else []
    return [name for name in names if isinstance(name, str)]
