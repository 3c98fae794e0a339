"""An app with background work: its slot's template has a trigger, off until the slot is live."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kanmon.cloudformation import Template
from kanmon.release.blueprint import SLOT, blueprint

if TYPE_CHECKING:
    import pytest

    from kanmon.bundle import Manifest
    from kanmon.config import Config
    from kanmon.ledger import Slot
    from kanmon.release.blueprint import StackSpec

_PARAMETER = "  Background: {Type: String, AllowedValues: [ENABLED, DISABLED]}\n"
_SCHEDULE = """  Nightly:
    Type: AWS::Scheduler::Schedule
    Properties:
      State: !Ref Background
"""


def give_background_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every slot that is planned from now on have a schedule."""

    def with_schedule(
        config: Config, manifest: Manifest, release: str, slot: Slot, bucket: str
    ) -> list[StackSpec]:
        return [
            replace(
                spec,
                template=_with_schedule(spec.template),
                parameters={**spec.parameters, "Background": "DISABLED"},
            )
            if spec.part == SLOT
            else spec
            for spec in blueprint(config, manifest, release, slot, bucket)
        ]

    monkeypatch.setattr("kanmon.release.plan.blueprint", with_schedule)


def _with_schedule(template: Template) -> Template:
    body = template.body.replace("Parameters:\n", f"Parameters:\n{_PARAMETER}", 1)
    return Template(body.replace("\nResources:\n", f"\nResources:\n{_SCHEDULE}", 1))
