"""Writes what is generated from the code: the config's JSON schema, and the tables in docs/reference.

`python -m scripts.generators.reference` writes; with `--check` it only prints what is not current, and fails.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel

from kanmon.config.durations import parse_duration
from kanmon.config.schema import Config, schema_text
from kanmon.errors import Code, ExitStatus
from scripts.generators.actions import action_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_ROOT = Path(__file__).resolve().parents[2]
_WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_NOTE = "<!-- Generated from the code by scripts/generators/reference.py. -->\n"


def main() -> int:
    """Write or check; the exit status."""
    stale = [path for path, text in _generated().items() if _current(path) != text]
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(
                f"{path.relative_to(_ROOT)} is not current: run python -m scripts.generators.reference\n"
            )
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_generated()[path], "utf-8")
    return 0


def _generated() -> dict[Path, str]:
    return {
        _ROOT / "schema" / "kanmon.schema.json": schema_text(),
        _ROOT / "docs" / "reference" / "config.md": _config_page(),
        _ROOT / "docs" / "reference" / "errors.md": _errors_page(),
        **{_ROOT / path: text for path, text in action_files().items()},
    }


def _current(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _errors_page() -> str:
    rows = [f"| {code.id} | {code.meaning} | {code.fix} |" for code in Code]
    statuses = [f"| {status.value} | {status.name.lower()} |" for status in ExitStatus]
    return "\n".join(
        [
            "# Errors",
            "",
            _NOTE,
            "Every error is one message with a code, what happened, where, and what to do.",
            "",
            "| code | meaning | what to do |",
            "| --- | --- | --- |",
            *rows,
            "",
            "## Exit status",
            "",
            "| status | meaning |",
            "| --- | --- |",
            *statuses,
            "",
        ]
    )


def _config_page() -> str:
    rows = [f"| `{key}` | {form} | {default} | {text} |" for key, form, default, text in _rows(Config, "")]
    return "\n".join(
        [
            "# The config, `kanmon.yml`",
            "",
            _NOTE,
            "Durations are written as `500ms`, `30s`, `5m` or `1h`.",
            "The JSON schema for editors is [schema/kanmon.schema.json](../../schema/kanmon.schema.json).",
            "",
            "| key | type | default | meaning |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def _rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        section, form = _section(field.annotation), _form_of(field)
        text = field.description or (section.__doc__ if section else "") or ""
        yield key, form, _default(field), " ".join(text.split())
        if section:
            suffix = {"list": "[].", "map": ".<name>."}.get(form.split()[0], ".")
            yield from _rows(section, key + suffix)


def _section(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - a type form
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_section(argument) for argument in get_args(annotation))
    return next((section for section in found if section), None)


def _form_of(field: FieldInfo) -> str:
    if any(getattr(item, "func", None) is parse_duration for item in field.metadata):
        return "duration"
    return _form(field.annotation)


def _form(annotation: Any) -> str:  # noqa: ANN401 - a type form
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return f"map of {_form(arguments[1])}"
    if origin is tuple:
        return f"list of {_form(arguments[0])}"
    if hasattr(annotation, "__metadata__"):
        return _form(arguments[0])
    if isinstance(annotation, type):
        return "section" if issubclass(annotation, BaseModel) else _WORDS.get(annotation, "any value")
    if "Literal" in str(origin):
        return ", ".join(f"`{value}`" for value in arguments)
    named = [_form(argument) for argument in arguments if argument is not type(None)]
    return " or ".join(dict.fromkeys(named)) or "any value"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value in ({}, ()) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value if not isinstance(item, BaseModel))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.exit(main())
