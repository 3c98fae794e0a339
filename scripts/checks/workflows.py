"""Checks the workflow files and the actions by three tools, and prints their findings.

`act` doesn't know two of GitHub's keys yet, so it gets the copies from the tests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from embedded.actions.layout import Layout

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAMS = Path(sys.executable).parent


def main() -> int:
    """Check everything; 1 if anything was found."""
    workflows = sorted([*_ROOT.glob(".github/workflows/*.yml"), *_ROOT.glob("workflows/*.yml")])
    actions = sorted([*_ROOT.glob("action.yml"), *_ROOT.glob("actions/**/action.yml")])
    found = {
        "zizmor --offline --persona auditor": (len(workflows + actions), _zizmor(workflows + actions)),
        "actionlint": (len(workflows), _actionlint(workflows)),
        "act --validate --strict": (len(workflows), _act(workflows)),
    }
    for tool, (files, findings) in found.items():
        sys.stdout.write(f"{tool}: {len(findings)} findings in {files} files\n")
        for finding in findings:
            sys.stdout.write(f"  {finding}\n")
    return 1 if any(findings for _, findings in found.values()) else 0


def _zizmor(files: list[Path]) -> list[str]:
    # The auditor reports all that --pedantic does, and more.
    options = ["--offline", "--persona", "auditor", "--strict-collection", "--no-exit-codes"]
    done = _run("zizmor", *options, "--format", "json", *map(str, files))
    if done.returncode:
        return [done.stderr]
    return [f"{one['ident']}: {one['desc']} {one['url']}" for one in json.loads(done.stdout)]


def _actionlint(files: list[Path]) -> list[str]:
    done = _run(
        "actionlint", "-shellcheck", str(_PROGRAMS / "shellcheck"), "-format", "{{json .}}", *map(str, files)
    )
    return [f"{one['filepath']}:{one['line']}: {one['message']}" for one in json.loads(done.stdout)]


def _act(files: list[Path]) -> list[str]:
    layout = Layout(lambda _: "token")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            copy = Path(folder) / file.name
            copy.write_text(layout.lay_out(file.read_text("utf-8")), "utf-8")
            done = _run("act", "--validate", "--strict", "-W", str(copy))
            if done.returncode:
                found.append(f"{file.name}: {done.stdout}{done.stderr}")
    return found


def _run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_PROGRAMS / program), *arguments], cwd=_ROOT, capture_output=True, text=True, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
