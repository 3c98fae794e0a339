"""The reference app's `verify` section, which its README shows (ADP-8)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ruamel.yaml import YAML

from kanmon.config.verify import Verify

APP = Path(__file__).parents[2] / "examples/mandala"


def test_the_section_for_its_own_tests_is_valid() -> None:
    readme = (APP / "README.md").read_text("utf-8")
    [block] = re.findall(r"```yaml\n(verify:.*?)```", readme, re.DOTALL)
    section = YAML(typ="safe").load(block.replace("sha256:…", f"sha256:{'a' * 64}"))["verify"]
    verify = Verify.model_validate(section)
    assert verify.commands == ("npm ci --prefix e2e", "npm --prefix e2e test")
    package = json.loads((APP / "e2e/package.json").read_text("utf-8"))
    assert f":v{package['devDependencies']['@playwright/test']}-" in verify.image
    assert package["scripts"]["test"] == "playwright test"


def test_the_section_is_not_in_its_config() -> None:
    """The demo and most end-to-end tests run on machines without a Docker engine."""
    assert "verify" not in YAML(typ="safe").load(APP / "kanmon.yml")
