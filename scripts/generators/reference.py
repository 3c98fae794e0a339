"""Generates from the code: the config's JSON schema, the tables in docs/**/reference, parts of other pages.

`python -m scripts.generators.reference` writes; with `--check` it only prints the outdated files, and fails.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.config.forms import as_yaml, child_of, form_of, is_duration, keys_of, limits_of, values_of
from kanmon.config.schema import schema_text
from scripts.generators.action_page import action_page
from scripts.generators.actions import action_files
from scripts.generators.command_page import command_page
from scripts.generators.error_page import error_page, japanese_error_page
from scripts.generators.ledger_page import ledger_page
from scripts.generators.monitoring_page import monitoring_page
from scripts.generators.refusals import with_refusals
from scripts.generators.tables import NOTE, anchor, key_anchor
from scripts.generators.transitions import with_transitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.forms import Node

_ROOT = Path(__file__).resolve().parents[2]
_CONCEPTS = _ROOT / "docs" / "concepts.md"
_ACCESS = _ROOT / "docs" / "github-access.md"
_KINDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "section",
    "": "any value",
}
_KINDS_OF_MANY = {"section": "sections", "text": "texts"}
_CONFIG_HEAD = f"""\
# The config, `kanmon.yml`

{NOTE}
All keys of the file. A few are enough for your [first release](../../README.md#your-first-release).
A wrong key or value is refused before anything changes (KNM-104, KNM-105).

How to read a key:

```yaml
api: {{cors: {{origins: ["https://admin.example.com"]}}}}   # api.cors.origins
checks: [{{name: health, path: /api/health}}]             # checks[].path: in each entry of the list
functions: {{api: {{memory: 1024}}}}                        # functions.<name>.memory: the name is your choice
```

- A **duration** is a number with a unit: `500ms`, `30s`, `5m` or `1h`. Without a unit, it counts seconds.
- **Default**: the value if you leave the key out. If it is empty, the meaning has it, or there is none.
- Editors complete and check the keys with [schema/kanmon.schema.json](../../schema/kanmon.schema.json).

| key | value | default | meaning |
| --- | --- | --- | --- |"""


def main() -> int:
    """Write or check; the exit status."""
    stale = {path: text for path, text in generated().items() if _current(path) != text}
    if "--check" in sys.argv:
        for path in stale:
            sys.stderr.write(
                f"{path.relative_to(_ROOT)} is not current: run python -m scripts.generators.reference\n"
            )
        return 1 if stale else 0
    for path, text in stale.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


def generated() -> dict[Path, str]:
    """Every generated file: its path and its text."""
    actions = action_files()
    return {
        _ROOT / "schema" / "kanmon.schema.json": schema_text(),
        _ROOT / "docs" / "reference" / "config.md": _config_page(),
        _ROOT / "docs" / "reference" / "errors.md": error_page(),
        _ROOT / "docs" / "ja" / "reference" / "errors.md": japanese_error_page(),
        _ROOT / "docs" / "reference" / "actions.md": action_page(actions),
        _ROOT / "docs" / "reference" / "commands.md": command_page(),
        _ROOT / "docs" / "reference" / "ledger.md": ledger_page(),
        _ROOT / "docs" / "reference" / "monitoring.md": monitoring_page(),
        _CONCEPTS: with_transitions(_CONCEPTS.read_text("utf-8")),
        _ACCESS: with_refusals(_ACCESS.read_text("utf-8")),
        **{_ROOT / path: text for path, text in actions.items()},
    }


def _current(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _config_page() -> str:
    rows = [
        f"| {anchor(key_anchor(key))}`{key}` | {kind} | {default} | {text} |"
        for key, kind, default, text in _rows(form_of(()), "")
    ]
    return "\n".join([_CONFIG_HEAD, *rows, ""])


def _rows(section: Node, prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name in keys_of(section):
        form = child_of(section, name)
        required = name in section.get("required", ())
        yield f"{prefix}{name}", _kind(form), "required" if required else _default(form), form["description"]
        inner, suffix = _inner(form)
        yield from _rows(inner, f"{prefix}{name}{suffix}.")


def _inner(form: Node) -> tuple[Node, str]:
    """The section in a value, and the way to it in the key's name."""
    if keys_of(form):
        return form, ""
    if form.get("type") == "array":
        return child_of(form, 0), "[]"
    return child_of(form, "<name>"), ".<name>"


def _kind(form: Node) -> str:
    """The kind of value, in the words of a user."""
    if is_duration(form):
        return "duration"
    if values := values_of(form):
        return ", ".join(f"`{value}`" for value in values)
    if form.get("type") == "array":
        return f"list of {_KINDS_OF_MANY.get(kind := _kind(child_of(form, 0)), kind)}"
    if form.get("type") == "object" and not keys_of(form) and child_of(form, "<name>"):
        return f"{_kind(child_of(form, '<name>'))} for each name"
    limits = limits_of(form)
    return _KINDS[form.get("type", "")] + (f", {limits}" if limits else "")


def _default(form: Node) -> str:
    value = form.get("default")
    if value is None or value in ({}, [], ""):
        return ""
    if isinstance(value, list):
        return f"`{as_yaml(0, value).removeprefix('- ')}`"
    return f"`{as_yaml('', value).partition(': ')[2]}`" if isinstance(value, (str, bool)) else f"`{value:g}`"


if __name__ == "__main__":
    sys.exit(main())
