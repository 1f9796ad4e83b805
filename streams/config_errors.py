"""Says what is wrong in config, one line each: where, what, how to mend it. Decides nothing about what is right."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from streams.config_model import CONFIG, nearest, shown, unknown

Loc = tuple[int | str, ...]

# What pydantic found -> what people read. ``value`` is what the file says, the rest comes with the error.
_SENTENCES = {
    CONFIG: "{what}",
    "missing": "is missing",
    "string_type": "must be text in quotes, not {value}",
    "path_type": "must be text in quotes, not {value}",
    "int_type": "must be a whole number, not {value}",
    "bool_type": "must be true or false, not {value}",
    "tuple_type": "must be a list, not {value}",
    "model_type": "must be a table, not {value}",
    "greater_than_equal": "must be at least {ge}, not {value}",
    "less_than_equal": "must be at most {le}, not {value}",
}
_QUOTED = re.compile(r"'([^']*)'").findall


class ConfigError(Exception):
    """Config that cannot be used: ``problems`` are all that were found, a line each, whatever config they quote."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the problems, in the order they were found."""
        self.problems = tuple(_line(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


def place(path: Path) -> str:
    """Return a path as people know it: from where they stand, if it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def explained(
    error: ValidationError,
    model: type[BaseModel],
    data: Mapping[str, Any],
    file: Path,
    variables: Mapping[Loc, str] | None = None,
) -> Iterator[str]:
    """Yield a line for each error of a file; ``variables`` names those settings that the environment gave."""
    details = error.errors(include_url=False)
    meant = {(*d["loc"][:-1], _meant(d, model)) for d in details if d["type"] == "extra_forbidden"}
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "missing" and loc in meant:
            continue  # it is there, misspelt: one line says so
        variable = (variables or {}).get(loc)
        where = f"environment: {variable}" if variable else f"{place(file)}: {_where(loc, data)}"
        yield f"{where}: {_what(detail, model)}"


def _line(text: str) -> str:
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _where(loc: Loc, data: Any) -> str:
    """Name a place: items of a list by their name, or counted from 1."""
    parts: list[str] = []
    for step in loc:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        if isinstance(step, str):
            parts.append(step)
        else:
            name = data.get("name") if isinstance(data, dict) else None
            parts[-1] += f" {shown(name) if isinstance(name, str) else step + 1}"
    return ": ".join(parts)


def _what(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value, loc = detail["type"], detail["input"], detail["loc"]
    context = detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return unknown("setting", str(loc[-1]), _settings(model, loc[:-1]), named=False)
        case "enum" | "literal_error" if isinstance(value, str):
            return unknown("value", value, _QUOTED(context["expected"]))
        case "enum" | "literal_error":
            return f"must be {context['expected'].replace(chr(39), chr(34))}, not {shown(value)}"
        case "tuple_type" if len(loc) == 1 and isinstance(value, dict):
            return f"is a list of tables: write [[{loc[0]}]] for each, not [{loc[0]}]"
    sentence = _SENTENCES.get(kind)
    return detail["msg"] if sentence is None else sentence.format(value=shown(value), **context)


def _meant(detail: ErrorDetails, model: type[BaseModel]) -> str | None:
    """Return the setting that an unknown one was probably meant to be."""
    return nearest(str(detail["loc"][-1]), _settings(model, detail["loc"][:-1]))


def _settings(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the settings that the table at a place knows."""
    for step in loc:
        if isinstance(step, str):
            field = next(f for name, f in model.model_fields.items() if (f.alias or name) == step)
            kinds = (field.annotation, *get_args(field.annotation))
            model = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return [field.alias or name for name, field in model.model_fields.items()]
