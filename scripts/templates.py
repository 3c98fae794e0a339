"""Checks every template of the configs that stand for all, by two tools, and prints what each found.

cfn-lint knows what CloudFormation takes; checkov what is held to be safe. A rule that is not followed is
named beside the resource, in the template, with the reason (`# checkov:skip=ID: reason`). Then come the
margins to CloudFormation's limits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfnlint import ManualArgs, lint

from kanmon.cli.render import rendered, shares, unbuilt
from kanmon.cloudformation.preflight import look_into, too_many
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Slot
from kanmon.release.blueprint import blueprint
from kanmon.release.preflight import made_of
from tests.fakes.configs import MANY, many_functions, matrix

_ROOT = Path(__file__).resolve().parents[1]
_CHECKOV = _ROOT / ".venv-lint/bin/checkov"
_SHOWN = "everything on"


@dataclass(frozen=True)
class _Checked:
    """What checkov said of all templates."""

    passed: int
    failed: list[str]
    skipped: Counter[str]


def main() -> int:
    """Check everything; 1 if anything was found."""
    bodies: dict[str, str] = {}
    configs = matrix()
    for name, config in configs.items():
        templates, found = rendered(config)
        for part, template in templates.items():
            bodies[f"{name.replace(' ', '-')}/{part}.yml"] = template.body
            if name == _SHOWN:
                _say(f"{name}, {part}: {shares(found[part].size)}")
    most = _most_functions()
    for part, template in rendered(many_functions(most))[0].items():
        bodies[f"{most}-functions/{part}.yml"] = template.body
    with tempfile.TemporaryDirectory() as folder:
        for name, body in bodies.items():
            file = Path(folder) / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(body, "utf-8")
        checkov = _checkov(folder)
        linted = _lint(bodies)
        checked = _judged(*checkov.communicate())
    _say(f"cfn-lint: {len(linted)} findings in {len(bodies)} templates of {len(configs) + 1} configs")
    _say(
        f"checkov: {checked.passed} checks passed, {len(checked.failed)} failed, "
        f"{checked.skipped.total()} skipped with a reason ({len(checked.skipped)} rules)"
    )
    for finding in linted + checked.failed:
        _say(f"  {finding}")
    return 1 if linted or checked.failed else 0


def _most_functions() -> int:
    """How many functions of `many_functions` fit; says so for the number that is asked for, too."""
    config = many_functions()
    sizes = {
        spec.part: look_into(spec.template.body).size
        for spec in blueprint(config, unbuilt(config), "r1", Slot.BLUE, "artifacts")
    }
    most = MANY
    for part, size in sizes.items():
        counted = made_of(config, part)
        _say(f"{MANY} functions, {part}: {shares(size)}")
        most = min([most, *(count - too_many(size, count) for count in counted.values())])
    if most < MANY:
        _refused()
    _say(f"{most} functions with a route each fit into one app")
    return most


def _refused() -> None:
    try:
        rendered(many_functions())
    except KanmonError as error:
        if error.code is not Code.TEMPLATE_TOO_BIG:
            raise
        _say(f"{MANY} functions are refused: {error}")


def _lint(bodies: dict[str, str]) -> list[str]:
    """What cfn-lint finds, what it only informs of included; the same text is looked at once."""
    found: list[str] = []
    # I3010 tells of limits that come near; they are measured here, and tried to the last function.
    settings = ManualArgs(regions=["ap-northeast-1"], include_checks=["I"], ignore_checks=["I3010"])
    for body in dict.fromkeys(bodies.values()):
        name = next(name for name, other in bodies.items() if other == body)
        found += [
            f"{name}:{match.linenumber}: {match.rule.id} {match.message}"
            for match in lint(body, config=settings)
        ]
    return found


def _checkov(folder: str) -> subprocess.Popen[str]:
    """Begin; cfn-lint has its turn meanwhile."""
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--output", "json"]
    command = [str(_CHECKOV), *options, "--directory", folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _judged(output: str, errors: str) -> _Checked:
    try:
        answer: dict[str, Any] = json.loads(output)
        results, summary = answer["results"], answer["summary"]
    except (ValueError, KeyError, TypeError):
        return _Checked(0, [f"checkov did not answer: {output[-500:]}{errors[-2000:]}"], Counter())
    failed = [
        f"{one['file_path'].lstrip('/')}: {one['resource']}: {one['check_id']} {one['check_name']}"
        for one in results["failed_checks"]
    ]
    failed += [f"{file}: can't be read" for file in results["parsing_errors"]]
    skipped = Counter(one["check_id"] for one in results["skipped_checks"])
    unexplained = {
        one["check_id"]
        for one in results["skipped_checks"]
        if not str(one["check_result"].get("suppress_comment") or "").strip(" :")
    }
    failed += [f"{rule} is skipped without a reason" for rule in sorted(unexplained)]
    return _Checked(summary["passed"], failed, skipped)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
