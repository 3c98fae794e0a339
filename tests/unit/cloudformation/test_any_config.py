"""Whatever a valid config says, its templates are ones that AWS takes (INF-9).

Names are as long as the config's model lets them be, free texts are what YAML and CloudFormation would
stumble over. `rendered` looks through every template (`preflight`), names' lengths included.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings

from kanmon.cli.render import BOOTSTRAP, rendered
from kanmon.cloudformation import LIMITS
from kanmon.cloudformation.document import read
from tests.fakes.any_config import configs
from tests.fakes.linted import findings

if TYPE_CHECKING:
    from kanmon.config import Config

_GENERATED = settings(
    deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_every_template_is_one_that_aws_takes(config: Config) -> None:
    """INF-9: names fit, references lead somewhere, parameters are given, limits are far away."""
    templates, found = rendered(config)
    assert BOOTSTRAP in templates
    for part, template in templates.items():
        assert found[part].size.resources < LIMITS.resources / 2
        lines = template.body.splitlines()
        assert not [line for line in lines if line != line.rstrip()], part


@given(configs())
@settings(_GENERATED, max_examples=2)
def test_cfn_lint_finds_nothing_in_any(config: Config) -> None:
    """INF-9"""
    # E1029 takes any text with `${x}` for a substitution that was forgotten; a setting may be such a text.
    for part, template in rendered(config)[0].items():
        assert findings(template.body, config.region, ignored=["E1029"]) == [], part


@given(configs())
@settings(_GENERATED, max_examples=12)
def test_its_templates_say_what_it_says(config: Config) -> None:
    parsed = _parsed(config)
    resources = parsed["slot"]["Resources"]
    kinds = Counter(resource["Type"] for resource in resources.values())
    schedulers = 1 if config.schedules else 0
    assert kinds["AWS::Lambda::Function"] == len(config.functions)
    assert kinds["AWS::IAM::Role"] == len(config.functions) + len(config.workflows) + schedulers
    assert kinds["AWS::StepFunctions::StateMachine"] == len(config.workflows)
    assert kinds["AWS::Lambda::EventSourceMapping"] == len(config.queues)
    assert kinds["AWS::Scheduler::Schedule"] == len(config.schedules)
    for name, schedule in config.schedules.items():
        (made,) = (
            resource["Properties"]
            for resource in resources.values()
            if resource["Properties"].get("Name") == {"Sub": f"{config.prefix}-${{Slot}}-{name}"}
        )
        assert json.loads(made["Target"]["Input"]) == schedule.payload
    names = {}
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            names[resource["Properties"]["FunctionName"]["Sub"]] = resource["Properties"]
    for name, function in config.functions.items():
        made = names[f"{config.prefix}-${{Slot}}-{name}"]
        assert (made["Handler"], made["Runtime"]) == (function.handler, function.runtime)
        variables = made["Environment"]["Variables"]
        assert variables["KANMON_APP"] == config.app
        assert variables["KANMON_ENVIRONMENT"] == config.environment
        assert {key: variables.get(key) for key in function.environment} == function.environment
    methods = [
        item for item in parsed["api"]["Resources"].values() if item["Type"] == "AWS::ApiGateway::Method"
    ]
    assert config.api
    assert len(methods) == len(config.api.routes)
    for template in parsed.values():
        assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in template["Resources"])


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_its_foundation_is_one_that_its_slot_fits(config: Config) -> None:
    """INF-4: every secret is one of its own, and what the slot is given is there."""
    foundation, slot = _parsed(config)["foundation"], _parsed(config)["slot"]
    secrets = [r for r in foundation["Resources"].values() if r["Type"] == "AWS::SecretsManager::Secret"]
    descriptions = {r["Properties"]["Name"]: r["Properties"].get("Description", "") for r in secrets}
    assert descriptions == {
        f"{config.prefix}-{name}": secret.description for name, secret in config.secrets.items()
    }
    of_release = {"Slot", "Release", "Commit", "ArtifactBucket", "Background"}
    assert slot["Parameters"].keys() - of_release <= foundation["Outputs"].keys()


def _parsed(config: Config) -> dict[str, Any]:
    return {part: read(template.body) for part, template in rendered(config)[0].items()}
