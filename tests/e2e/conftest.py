"""One embedded AWS and one build of the reference app for all; an environment of its own for each test."""

from __future__ import annotations

import itertools
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle import build_bundle
from kanmon.config import load_config
from tests.e2e.project import Project
from tests.embedded.aws import EmbeddedAws
from tests.embedded.process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), edge_seed=7) as running:
        yield running


@pytest.fixture(scope="session")
def built_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reference app after its own real build."""
    source = REPOSITORY / "examples" / "mandala"
    copy = tmp_path_factory.mktemp("app") / "mandala"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("node_modules", "dist", "build", ".*cache"))
    build_bundle(load_config(copy / "kanmon.yml"), copy, copy / "build/bundle", commit="0" * 40, say=print)
    return copy


@pytest.fixture
def project(aws: EmbeddedAws, built_app: Path, tmp_path: Path) -> Iterator[Project]:
    """The app in a new environment, bootstrapped, with its build's output but without its build."""
    folder = tmp_path / "app"
    for part in ("build/api", "web/dist"):
        shutil.copytree(built_app / part, folder / part)
    shutil.copy(built_app / "kanmon.yml", folder / "kanmon.yml")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GITHUB_ACTOR": "hanako",
        **aws.environment,
    }
    made = Project(folder, environment)
    made.edit_config(
        lambda text: text.replace("environment: production", f"environment: e2e-{next(_NUMBERS)}")
    )
    made.edit_config(_without_waiting)
    made.kanmon("bootstrap").check()
    yield made
    made.stop()


def _without_waiting(text: str) -> str:
    head, rest = text.split("build:\n", 1)
    return head + rest[rest.index("functions:") :].replace("bake: 5m", "bake: 1s").replace(
        "bake: 1m", "bake: 0s"
    ).replace("deadline: 5s", "failures: 3")
