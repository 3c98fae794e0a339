"""Checks the templates of some typical configs by two tools, and prints their findings.

cfn-lint has CloudFormation's rules; checkov has rules of security. A template may skip a rule: beside the
resource, with the reason (`# checkov:skip=ID: reason`). The sizes are printed beside CloudFormation's limits.
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

from kanmon.stacks.preflight import outline
from kanmon.templates.offline import shares
from tests.fakes.configs import MANY, matrix, templates
from tests.fakes.linted import findings

_ROOT = Path(__file__).resolve().parents[2]
_CHECKOV = _ROOT / ".venv-lint/bin/checkov"
_SHOWN = ("everything on", f"{MANY} functions")


@dataclass(frozen=True)
class _Checked:
    """Checkov's findings in all templates."""

    passed: int
    failed: list[str]
    skipped: Counter[str]


def main() -> int:
    """Check everything; 1 if anything was found."""
    bodies: dict[str, str] = {}
    configs = matrix()
    for name, config in configs.items():
        for kind, body in templates(config).items():
            bodies[f"{name.replace(' ', '-')}/{kind}.yml"] = body
            if name in _SHOWN:
                _print(f"{name}, {kind}: {shares(outline(body))}")
    with tempfile.TemporaryDirectory() as folder:
        for name, body in bodies.items():
            file = Path(folder) / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(body, "utf-8")
        checkov = _checkov(folder)
        linted = _lint(bodies)
        checked = _read(*checkov.communicate())
    _print(f"cfn-lint: {len(linted)} findings in {len(bodies)} templates of {len(configs)} configs")
    _print(
        f"checkov: {checked.passed} checks passed, {len(checked.failed)} failed, "
        f"{checked.skipped.total()} skipped with a reason ({len(checked.skipped)} rules)"
    )
    for finding in linted + checked.failed:
        _print(f"  {finding}")
    return 1 if linted or checked.failed else 0


def _lint(bodies: dict[str, str]) -> list[str]:
    """The findings of cfn-lint. It reads the same text only once."""
    found: list[str] = []
    for body in dict.fromkeys(bodies.values()):
        name = next(name for name, other in bodies.items() if other == body)
        # I3010 warns of limits that come near; their sizes are printed above.
        found += [f"{name}: {finding}" for finding in findings(body, ignored=["I3010"])]
    return found


def _checkov(folder: str) -> subprocess.Popen[str]:
    """Start it; cfn-lint runs at the same time."""
    options = ["--framework", "cloudformation", "--skip-download", "--compact", "--output", "json"]
    command = [str(_CHECKOV), *options, "--directory", folder]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _read(output: str, errors: str) -> _Checked:
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


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
