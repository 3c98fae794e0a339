"""Runs bandit on everything that runs at a team's, and prints each finding without a reason here.

https://bandit.readthedocs.io/en/latest/plugins/index.html
"""

from __future__ import annotations

import json
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_CHECKED = ("kanmon", "actions")
_TEXTS = "a description or a name, no password"
_TYPES = "a fact for the type checker; nothing depends on it"
ACCEPTED = {
    ("B101", "kanmon/appcommand/container.py"): _TYPES,
    ("B101", "kanmon/appcommand/process.py"): _TYPES,
    ("B101", "kanmon/cli/commands/bootstrap.py"): _TYPES,
    ("B101", "kanmon/notify/package.py"): _TYPES,
    ("B105", "kanmon/config/checks.py"): _TEXTS,
    ("B105", "kanmon/config/verify.py"): _TEXTS,
    ("B105", "kanmon/stacks/grants.py"): _TEXTS,
    ("B105", "kanmon/stacks/user_triggers.py"): _TEXTS,
    ("B106", "kanmon/cli/commands/*.py"): _TEXTS,
    ("B404", "actions/start.py"): "it starts pip",
    ("B404", "kanmon/appcommand/container.py"): "it starts Docker's client and git, that is its purpose",
    ("B404", "kanmon/appcommand/process.py"): "it starts the app's commands, that is its purpose",
    ("B404", "kanmon/bundle/build.py"): "it asks git for the commit",
    ("B404", "kanmon/bundle/starter/start.py"): "it starts Lambda's runtime, that is its purpose",
    ("B405", "kanmon/apptest/*.py"): "types alone; the parser is defusedxml's",
    ("B603", "actions/start.py"): "a list of arguments, none from outside",
    (
        "B603",
        "kanmon/appcommand/container.py",
    ): "a list of arguments; the image is the config's, by its digest",
    ("B603", "kanmon/appcommand/process.py"): "a command of the config, scrubbed of secrets",
    ("B603", "kanmon/bundle/build.py"): "a list of arguments, none from outside",
    ("B603", "kanmon/bundle/starter/start.py"): "a list of arguments, Lambda's own",
    ("B606", "actions/start.py"): "the same program again, by a newer Python",
    ("B607", "kanmon/appcommand/container.py"): "the person's or the runner's own Docker, by the PATH",
    ("B607", "kanmon/appcommand/process.py"): "the person's or the runner's own bash, by the PATH",
    ("B607", "kanmon/bundle/build.py"): "the person's or the runner's own git, by the PATH",
    ("B701", "kanmon/report/markdown.py"): "Markdown: each foreign text goes through a filter of its own",
    ("B704", "kanmon/report/markdown.py"): "the filter escaped it, or the address is a plain one",
    ("B701", "kanmon/templates/rendering.py"): "YAML: each foreign text goes through a filter of its own",
}
"""Test and files, with the reason why there is nothing to repair."""


def main() -> int:
    """Check everything; 1 if anything was found."""
    program = str(Path(sys.executable).with_name("bandit"))
    done = subprocess.run(
        [program, "--quiet", "--recursive", "--format", "json", *_CHECKED],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(done.stdout)
    except ValueError:
        sys.stdout.write(f"bandit failed: {done.stderr}\n")
        return 1
    problems = without_reason(report["results"]) + [
        f"{one['filename']}: {one['reason']}" for one in report["errors"]
    ]
    sys.stdout.write(f"bandit: {len(report['results'])} findings, {len(problems)} of them without a reason\n")
    for problem in problems:
        sys.stdout.write(f"  {problem}\n")
    return 1 if problems else 0


def without_reason(findings: list[dict[str, Any]]) -> list[str]:
    """The findings without a reason, and the reasons without a finding."""
    problems, used = [], set()
    for one in findings:
        fits = [key for key in ACCEPTED if key[0] == one["test_id"] and fnmatch(one["filename"], key[1])]
        used.update(fits)
        if not fits:
            problems.append(f"{one['filename']}:{one['line_number']}: {one['test_id']} {one['issue_text']}")
    return problems + [f"no finding any more: {test} {files}" for test, files in ACCEPTED.keys() - used]


if __name__ == "__main__":
    sys.exit(main())
