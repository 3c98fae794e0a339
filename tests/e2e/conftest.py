"""One embedded AWS and one build of the reference app for all; an environment of its own for each test."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest

from embedded.aws import EmbeddedAws
from embedded.process import REPOSITORY
from kanmon.bundle.build import build_bundle
from kanmon.config.source import load_config
from tests.e2e.project import Project

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
    config = load_config(copy / "kanmon.yml")
    target = copy / "build/bundle"
    build_bundle(config, copy, target, commit="0" * 40, on_command=print, on_line=print)
    return copy


@pytest.fixture
def project(aws: EmbeddedAws, built_app: Path, tmp_path: Path) -> Iterator[Project]:
    """The app in a new environment, bootstrapped, with its build's output but not to build or test."""
    made = Project.copy(built_app, tmp_path / "app", f"e2e-{next(_NUMBERS)}", aws.environment)
    made.kanmon("bootstrap", "--yes").check()
    yield made
    made.stop()
