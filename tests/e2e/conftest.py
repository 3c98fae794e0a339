"""One embedded AWS and one build of the reference app for all; an environment of its own for each test."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from embedded.aws import EmbeddedAws
from embedded.process import REPOSITORY
from kanmon.bundle.build import build_bundle
from kanmon.config.source import load_config
from tests.e2e.attacker import ATTACKER, Role
from tests.e2e.project import GITHUB, Project
from tests.e2e.repository import roles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONG = {
    f"test_{name}.py"
    for name in ("demo", "verify_aws", "workflows", "attacker", "release", "pages", "existing")
}
_FIGURES = pytest.StashKey[list[str]]()
_OF_WORKER = "figures"
_NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The long way of `test_drills.py`."""
    parser.addoption("--drills", action="store_true", help="play all fault drills, not a sample")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin. At the end, one of them would leave the other worker idle."""
    items.sort(key=lambda item: item.path.name not in _LONG)


def pytest_configure(config: pytest.Config) -> None:
    """Each worker has an AWS of its own; their figures come together in the process above them."""
    config.stash[_FIGURES] = []
    if (output := getattr(config, "workeroutput", None)) is not None:
        output[_OF_WORKER] = config.stash[_FIGURES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the figures of a worker."""
    node.config.stash[_FIGURES] += getattr(node, "workeroutput", {}).get(_OF_WORKER, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print how much IAM decided, and how much was drilled."""
    for line in config.stash[_FIGURES]:
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the end of the report."""
    return request.config.stash.setdefault(_FIGURES, [])


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory, figures: list[str]) -> Iterator[EmbeddedAws]:
    """AWS-4: at the end, IAM has denied nothing to anybody but the attackers."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), edge_seed=7) as running:
        yield running
        decisions = running.decisions()
        denied = [one for one in decisions["denied"] if not one[0].endswith(f"/{ATTACKER}")]
        holders, actions = ({one[place] for one in decisions["allowed"]} for place in (0, 1))
        figures.append(
            f"IAM allowed {len(actions)} actions to {len(holders)} roles, and denied {len(denied)} to them"
        )
        assert denied == []


@pytest.fixture(scope="session")
def built_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference app after its own real build."""
    source = REPOSITORY / "examples" / "mandala"
    copy = tmp_path_factory.mktemp("app") / "mandala"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "build", ".*cache"))
    config = load_config(copy / "kanmon.yml")
    target = copy / "build/bundle"
    build_bundle(config, copy, target, commit="0" * 40, on_command=print, on_line=print)
    return copy


@pytest.fixture
def project(aws: EmbeddedAws, built_app: Path, tmp_path: Path) -> Iterator[Project]:
    """The app in a new environment, bootstrapped, with its build's output but not to build or test.

    It is released with the roles of GitHub's jobs: IAM is asked about each call, also of CloudFormation.
    """
    made = Project.copy(built_app, tmp_path / "app", f"e2e-{next(_NUMBERS)}", aws.environment)
    made.edit_config(lambda text: text + GITHUB)
    roles(made)
    iam = made.client("iam")
    made.keys |= {
        kind: Role.read(iam, f"mandala-{made.name}-{kind}").keys(made) for kind in ("plan", "deploy")
    }
    yield made
    made.stop()
