"""The templates of any valid config are valid for AWS (INF-9).

Names are as long as the config's model lets them be. Free texts are what YAML and CloudFormation would
stumble over. `problems` looks through every template, and knows how long AWS lets a name be.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from kanmon.codes import Code
from kanmon.config.placeholders import substitute
from kanmon.config.source import load_config
from kanmon.errors import KanmonError
from kanmon.language import speak
from kanmon.naming import API, FOUNDATION, SLOT, secret_name, slot_resource_name
from kanmon.stacks.preflight import LIMITS, outline
from kanmon.stacks.template import resources_of
from kanmon.templates.offline import BOOTSTRAP, render_offline, shares, unbuilt
from tests.fakes.any_config import configs
from tests.fakes.app import make_full_config
from tests.fakes.configs import MANDALA, many_functions, templates
from tests.fakes.document import read
from tests.fakes.linted import findings
from tests.unit.templates.bootstrapped import CONFIGS
from tests.unit.templates.problems import problems

if TYPE_CHECKING:
    from kanmon.config.schema import Config

_GENERATED = settings(
    deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_every_template_is_valid_for_aws(config: Config) -> None:
    """INF-9: names fit, references lead somewhere, parameters are given, limits are far away."""
    rendered = render_offline(config)
    assert BOOTSTRAP in rendered
    for kind, (body, found) in rendered.items():
        assert problems(body) == [], kind
        assert found.sizes["resources"] < LIMITS["resources"] / 2
        assert not [line for line in body.splitlines() if line != line.rstrip()], kind


@pytest.mark.usefixtures("japanese")
def test_aws_gets_the_same_in_each_language() -> None:
    """CD-6: a plan shows no change where the reader alone is another one."""
    config = make_full_config(**CONFIGS["everything"])
    rendered = render_offline(config)
    assert shares(rendered[SLOT][1]).startswith("リソース ")
    speak({})
    assert render_offline(config) == rendered


@given(configs())
@settings(_GENERATED, max_examples=5)
def test_an_outline_equals_the_parsed_yaml(config: Config) -> None:
    """INF-9, TRU-1: lines are read; each name is found, and no other."""
    for kind, (body, found) in render_offline(config).items():
        content = read(body)
        assert found.resources == tuple(content["Resources"]), kind
        types = {name: one.type for name, one in (resources_of(body) or {}).items()}
        assert types == {name: one["Type"] for name, one in content["Resources"].items()}, kind
        assert found.parameters == tuple(content.get("Parameters", {})), kind
        assert found.outputs == tuple(content.get("Outputs", {})), kind
        assert found.bytes == len(body.encode())


@given(configs())
@settings(_GENERATED, max_examples=2)
def test_cfn_lint_finds_nothing_in_any(config: Config) -> None:
    """INF-9"""
    # E1029 takes any text with `${x}` for a substitution that was forgotten; a setting may be such a text.
    for kind, (body, _) in render_offline(config).items():
        assert findings(body, config.region, ignored=["E1029"]) == [], kind


def _resources(config: Config, kind: str, type_: str) -> list[dict[str, Any]]:
    """The properties of a stack's resources of one type."""
    resources = read(render_offline(config)[kind][0])["Resources"].values()
    return [resource.get("Properties", {}) for resource in resources if resource["Type"] == type_]


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_a_slot_has_all_of_its_config(config: Config) -> None:
    resources = read(render_offline(config)[SLOT][0])["Resources"].values()
    kinds = Counter(resource["Type"] for resource in resources)
    schedulers = 1 if config.schedules else 0
    assert kinds["AWS::Lambda::Function"] == len(config.functions)
    assert kinds["AWS::IAM::Role"] == len(config.functions) + len(config.state_machines) + schedulers
    assert kinds["AWS::StepFunctions::StateMachine"] == len(config.state_machines)
    assert kinds["AWS::Lambda::EventSourceMapping"] == len(config.queues)
    assert kinds["AWS::Scheduler::Schedule"] == len(config.schedules)


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_functions_are_given_the_configs_settings(config: Config) -> None:
    made = {one["FunctionName"]["Sub"]: one for one in _resources(config, SLOT, "AWS::Lambda::Function")}
    for name, function in config.functions.items():
        one = made[slot_resource_name(config.prefix, "${Slot}", name)]
        assert one["Handler"] == function.handler
        assert one["Runtime"] == function.runtime
        variables = one["Environment"]["Variables"]
        assert variables["KANMON_APP"] == config.app
        assert variables["KANMON_ENVIRONMENT"] == config.environment
        given = {key: substitute(text, str) for key, text in function.environment.items()}
        assert {key: variables.get(key) for key in function.environment} == given


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_schedules_are_given_the_configs_payload(config: Config) -> None:
    made = {one["Name"]["Sub"]: one for one in _resources(config, SLOT, "AWS::Scheduler::Schedule")}
    for name, schedule in config.schedules.items():
        one = made[slot_resource_name(config.prefix, "${Slot}", name)]
        assert json.loads(one["Target"]["Input"]) == schedule.payload


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_every_route_is_an_operation(config: Config) -> None:
    assert config.api
    (api,) = _resources(config, API, "AWS::ApiGateway::RestApi")
    assert sum(map(len, api["Body"]["paths"].values())) == len(config.api.routes)


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_a_logical_id_is_letters_and_digits(config: Config) -> None:
    """INF-9: as CloudFormation wants it."""
    for _, found in render_offline(config).values():
        assert all(re.fullmatch(r"[A-Za-z0-9]+", name) for name in found.resources)


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_the_foundation_has_the_configs_secrets(config: Config) -> None:
    """INF-4: every secret is one of its own."""
    secrets = _resources(config, FOUNDATION, "AWS::SecretsManager::Secret")
    assert {one["Name"]: one.get("Description", "") for one in secrets} == {
        secret_name(config.prefix, name): secret.description for name, secret in config.secrets.items()
    }


@given(configs())
@settings(_GENERATED, max_examples=10)
def test_the_foundation_has_all_outputs_for_the_slot(config: Config) -> None:
    """INF-4: except for the parameters of one release."""
    rendered = render_offline(config)
    of_release = {"Slot", "Release", "Commit", "ArtifactBucket", "Triggers"}
    assert set(rendered[SLOT][1].parameters) - of_release <= set(rendered[FOUNDATION][1].outputs)


def test_same_config_same_bytes() -> None:
    """CD-6"""
    assert templates(load_config(MANDALA)) == templates(load_config(MANDALA))


def test_two_hundred_functions_fit_into_one_app() -> None:
    """INF-5: any number, up to the limit of one stack."""
    config = many_functions()
    assert len(config.functions) == 200
    assert len(outline(templates(config)[SLOT]).resources) <= LIMITS["resources"]


def test_too_many_functions_are_refused() -> None:
    """INF-5, INF-9: as a plan would refuse them, without AWS."""
    with pytest.raises(KanmonError, match="of its 300 functions are too many") as caught:
        render_offline(many_functions(300))
    assert caught.value.code is Code.TEMPLATE_TOO_BIG


def test_an_unbuilt_package_can_not_be_taken_for_a_real_one() -> None:
    packages = unbuilt(many_functions(1)).functions
    assert packages["function-0"].sha256 == "not-built-function-0"


def test_a_size_is_shown_beside_its_limit() -> None:
    text = shares(outline("Parameters:\n  A: {Type: String}\nResources:\n  B: {Type: AWS::SNS::Topic}\n"))
    assert text == "1 of 500 resources, 72 of 1,000,000 bytes, 1 of 200 parameters, 0 of 200 outputs"
