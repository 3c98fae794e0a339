"""Two cases of `scripts/fault-sweep` over HTTP; the script takes a larger sample (CD-13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.process import Blow
from tests.sweep.over_http import AUTOMATIC_ROLLBACK, CANARY_RELEASE, Stand, problem_of
from tests.sweep.report import Case

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator


def test_a_struck_process_leaves_a_whole_release_and_the_truth(aws: EmbeddedAws, tmp_path: Path) -> None:
    """CD-13, CD-14, NFR-2: killed after the canary began; no credentials once a page was live."""
    cases = [
        Case(CANARY_RELEASE.name, 1, "apigateway PATCH stages/live", Blow.DEATH_AFTER),
        Case(AUTOMATIC_ROLLBACK.name, 2, "s3 PUT web", Blow.EXPIRED),
    ]
    with Stand.made(aws, tmp_path / "app", "swept", releases=1) as stand:
        problems = [problem_of(stand, case, release=False) for case in cases]
    assert problems == ["", ""]
