"""docs/reference/actions.md: each action's inputs, outputs and permissions, from its action.yml."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from kanmon.cli.commands import NAMES, load
from scripts.generators.tables import NOTE, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ROOT = Path(__file__).resolve().parents[2]
_WORKFLOWS = (".github/workflows/release.yml", ".github/workflows/rollback.yml")
_USES = re.compile(r"kanmon-dev/kanmon/actions/([a-z]+)(/composite)?@")
_CREDENTIALS = "aws-actions/configure-aws-credentials@"
_ROLE = re.compile(r"inputs\.([a-z]+)-role")
_WHOLE = "The whole release"
_HEAD = f"""\
# Actions

{NOTE}
All actions of the suite. Most teams copy [the workflows](../workflows.md), and call none of them by hand. Pin
an action to the commit of a Kanmon release.

- **Permissions** are those of the job. A job that lists its permissions has no others.
- A **role** is one of [the roles in AWS](../github-access.md). The job gets its credentials with
  `aws-actions/configure-aws-credentials` in an earlier step, and needs `id-token: write` for it.
"""


def action_page(files: Mapping[str, str]) -> str:
    """The page. `files` has the text of each action.yml, by its path."""
    found = {
        path.removesuffix("/action.yml").removeprefix("actions/"): YAML(typ="safe", pure=True).load(text)
        for path, text in files.items()
        if path.endswith("action.yml") and "/composite" not in path
    }
    whole = found.pop("action.yml")
    roles = _roles()
    names = [name for name in NAMES if name in found]
    overview = [(f"[{name}](#{name})", found[name]["description"]) for name in names]
    lines = [
        _HEAD,
        *table(
            ("action", "what it does"), [(f"[{_WHOLE}](#the-whole-release)", whole["description"]), *overview]
        ),
        *_section(_WHOLE, "kanmon-dev/kanmon", whole, roles["deploy"]),
        "It runs [deploy](#deploy), [recover](#recover), [record](#record) and [notify](#notify).",
        "",
    ]
    for name in names:
        lines += _section(name, f"kanmon-dev/kanmon/actions/{name}", found[name], roles[name])
        lines += _forms(name)
    return "\n".join(lines)


def _section(name: str, place: str, action: Mapping[str, Any], roles: set[str]) -> Iterator[str]:
    inputs = action["inputs"]
    yield from (f"## {name}", "", action["description"], "", "```yaml", f"- uses: {place}@<commit>")
    required = [key for key, value in inputs.items() if value.get("required")]
    yield from (["  with:", *(f"    {key}: …" for key in required)] if required else [])
    yield from ("```", "")
    rows = ((f"`{key}`", value["description"], _default(value)) for key, value in inputs.items())
    yield from table(("input", "meaning", "default"), rows)
    outputs = ((f"`{key}`", value["description"]) for key, value in action["outputs"].items())
    yield from table(("output", "meaning"), outputs)
    needed = inputs.get("token", {}).get("description", "").partition(": ")[2]
    permissions = [f"`{one}`" for one in filter(None, [*needed.split(", "), roles and "id-token: write"])]
    yield f"Permissions: {', '.join(permissions) or 'none'}. Role: {_role(roles)}."
    yield ""


def _forms(name: str) -> list[str]:
    if not load(name).docker:
        return []
    return [
        "It is a Docker action for x64 Linux runners. Without Docker, the same is",
        f"[{name}/composite](../../actions/{name}/composite/README.md).",
        "",
    ]


def _default(given: Mapping[str, Any]) -> str:
    if given.get("required"):
        return "required"
    return f"`{given['default']}`" if given["default"] else ""


def _role(roles: set[str]) -> str:
    return f"the {' or the '.join(sorted(roles))} role" if roles else "none"


def _roles() -> dict[str, set[str]]:
    """The roles of each action's job in the workflows. An action before the credentials has none."""
    found = defaultdict[str, set[str]](set)
    for path in _WORKFLOWS:
        workflow = YAML(typ="safe", pure=True).load(_ROOT / path)
        for job in workflow["jobs"].values():
            for name, role in _uses(job.get("steps", ())):
                found[name].add(role)
    # An action of no workflow, for a job of the team's own.
    return found | {name: {"deploy"} for name in NAMES if load(name).aws and name not in found}


def _uses(steps: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - YAML
    role = None
    for step in steps:
        uses = step.get("uses", "")
        if uses.startswith(_CREDENTIALS):
            role = _ROLE.search(step["with"]["role-to-assume"])
        elif role and (action := _USES.match(uses)):
            yield action[1], role[1]
