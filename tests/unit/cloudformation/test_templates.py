"""What is rendered is plain, valid CloudFormation, the same bytes for the same config."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
from cfnlint import ManualArgs, lint  # type: ignore[import-untyped]
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from kanmon.cloudformation import (
    Definition,
    Template,
    api_template,
    bootstrap_template,
    edge_template,
    foundation_template,
    observability_template,
    slot_template,
)
from kanmon.cloudformation.document import read
from kanmon.config import Config, load_config
from kanmon.config.compute import Runtime
from tests.fakes.app import make_config

EXAMPLE = load_config(Path(__file__).resolve().parents[3] / "examples/mandala/kanmon.yml")


def _keys(config: Config) -> dict[str, str]:
    return dict.fromkeys(config.functions, "blobs/" + "a" * 64)


def _slot(config: Config) -> Template:
    """A slot whose workflows name every function."""
    definition = Definition("blobs/" + "d" * 64, tuple(sorted(config.functions)))
    return slot_template(config, _keys(config), dict.fromkeys(config.workflows, definition))


def _templates(config: Config) -> dict[str, Template]:
    made = {
        "bootstrap": bootstrap_template(config),
        "slot": _slot(config),
        "api": api_template(config),
        "edge": edge_template(config),
        "observability": observability_template(config),
    }
    return made | ({"foundation": foundation_template(config)} if config.database else {})


def parse(template: Template) -> Any:
    return read(template.body)


def test_same_config_same_bytes() -> None:
    """CD-6"""
    again = load_config(Path(__file__).resolve().parents[3] / "examples/mandala/kanmon.yml")
    assert _templates(again) == _templates(EXAMPLE)


@pytest.mark.parametrize("part", ["bootstrap", "foundation", "slot", "api", "edge", "observability"])
def test_cfn_lint_finds_nothing_in_the_reference_apps_templates(part: str) -> None:
    found = lint(_templates(EXAMPLE)[part].body, config=ManualArgs(regions=["ap-northeast-1"]))
    assert [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found] == []


@pytest.mark.parametrize("part", ["bootstrap", "foundation", "slot", "api", "edge", "observability"])
def test_a_template_fits_into_a_change_set(part: str) -> None:
    assert len(_templates(EXAMPLE)[part].body.encode()) < 1_000_000


_NAME = st.from_regex(r"[a-z](-?[a-z0-9]){1,5}", fullmatch=True) | st.sampled_from(
    ["no", "on", "yes", "off", "null", "true", "a1", "a-1", "a-b-1", "ab", "a-b", "e1", "x-function"]
)
# Those that go into one template may have each other's endings.
_ENDING = _NAME | st.sampled_from(
    [
        f"x-{ending}"
        for ending in ("role", "workflow", "execution", "queue", "source", "schedule", "dead-letters")
    ]
)
_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=8
) | st.sampled_from(
    [
        "a: b",
        "# x",
        "'",
        '"',
        "{{ x }}",
        "${AWS::Region}",
        "!Ref x",
        "no",
        "0x1",
        "- a",
        "&a",
        "*a",
        "%",
        "</script>",
    ]
)
_FUNCTION = st.fixed_dictionaries(
    {
        "handler": _TEXT.map(lambda text: "".join(text.split())).filter(bool),
        "artifact": st.just("build/a"),
        "runtime": st.sampled_from(get_args(Runtime)),
        "database": st.booleans(),
    },
    optional={
        "secrets": st.lists(st.sampled_from(["jwt", "v1", "v-1"]), unique=True),
        "environment": st.dictionaries(st.sampled_from(["NO", "Yes", "ON", "A_1", "URL"]), _TEXT, max_size=3),
    },
)
_PATH = st.lists(
    st.sampled_from(["goals", "GOALS", "a-b", "ab", "a.b", "~x", "{id}", "{proxy+}", "1"]), max_size=3
).map(lambda parts: "/".join(["/api", *parts]))


@st.composite
def configs(draw: st.DrawFn) -> Config:
    functions = draw(st.dictionaries(_ENDING, _FUNCTION, min_size=1, max_size=4))
    routes = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "path": _PATH,
                    "method": st.sampled_from(["ANY", "GET", "POST"]),
                    "function": st.sampled_from(sorted(functions)),
                }
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda route: (route["path"], route["method"]),
        )
    )
    function = st.sampled_from(sorted(functions))
    workflows = draw(st.dictionaries(_ENDING, st.just({"definition": "a.json"}), max_size=3))
    targets = function.map(lambda name: {"function": name})
    if workflows:
        targets |= st.sampled_from(sorted(workflows)).map(lambda name: {"workflow": name})
    return make_config(
        app=draw(_NAME),
        environment=draw(_NAME),
        functions=functions,
        api={"routes": routes},
        hooks=[],
        secrets={name: {"description": draw(_TEXT)} for name in ("jwt", "v1", "v-1")},
        trail=draw(st.sampled_from([None, {}])),
        workflows=workflows,
        queues=draw(st.dictionaries(_ENDING, function.map(lambda name: {"function": name}), max_size=3)),
        schedules=draw(
            st.dictionaries(
                _ENDING,
                st.builds(
                    lambda target, text: {"expression": "rate(1 day)", "payload": {text: text}} | target,
                    targets,
                    _TEXT,
                ),
                max_size=3,
            )
        ),
    )


@given(configs())
@settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_valid_config_gives_templates_that_say_what_it_says(config: Config) -> None:
    made_of = {"slot": _slot(config), "api": api_template(config)}
    parsed = {part: parse(template) for part, template in made_of.items()}
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
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_any_valid_config_gives_a_foundation_that_its_slot_fits(config: Config) -> None:
    """INF-4: every secret is one of its own, and what the slot is given is there."""
    foundation, slot = parse(foundation_template(config)), parse(_slot(config))
    secrets = [r for r in foundation["Resources"].values() if r["Type"] == "AWS::SecretsManager::Secret"]
    descriptions = {r["Properties"]["Name"]: r["Properties"]["Description"] for r in secrets}
    assert descriptions == {
        f"{config.prefix}-{name}": secret.description for name, secret in config.secrets.items()
    }
    of_release = {"Slot", "Release", "Commit", "ArtifactBucket", "Background"}
    assert slot["Parameters"].keys() - of_release <= foundation["Outputs"].keys()


def _deployment(config: Config) -> str:
    names: list[str] = list(parse(api_template(config))["Resources"])
    return next(name for name in names if name.startswith("Deployment"))


@pytest.mark.parametrize(
    ("changes", "moves"),
    [
        ({"tags": {"team": "b"}}, False),
        ({"checks": [{"name": "other", "path": "/api/x"}]}, False),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "api"}], "throttle": {"rate": 5}}}, False),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "migrate"}]}}, True),
        ({"api": {"routes": [{"path": "/api/{proxy+}", "function": "api", "method": "GET"}]}}, True),
        ({"api": {"routes": [{"path": "/api/goals", "function": "api"}]}}, True),
    ],
)
def test_a_new_deployment_is_made_when_routes_change_and_only_then(
    changes: dict[str, Any], moves: bool
) -> None:
    assert (_deployment(make_config(**changes)) != _deployment(make_config())) is moves


def test_order_of_routes_does_not_count() -> None:
    routes = [{"path": "/api/a", "function": "api"}, {"path": "/api/b", "function": "api"}]
    one, other = make_config(api={"routes": routes}), make_config(api={"routes": routes[::-1]})
    assert api_template(one) == api_template(other)


def test_cloudformation_manages_no_stage() -> None:
    """A stage is a pointer: a stack's rollback must not move it."""
    for template in _templates(EXAMPLE).values():
        kinds = {resource["Type"] for resource in parse(template)["Resources"].values()}
        assert "AWS::ApiGateway::Stage" not in kinds


def test_old_deployments_stay() -> None:
    resource = parse(api_template(EXAMPLE))["Resources"][_deployment(EXAMPLE)]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_both_slots_have_one_template() -> None:
    """CD-8: only parameters tell them apart."""
    body = slot_template(EXAMPLE, _keys(EXAMPLE)).body
    assert "blue" in body
    assert parse(Template(body))["Parameters"]["Slot"]["AllowedValues"] == ["blue", "green"]
    assert "mandala-production-blue" not in body


def test_no_template_holds_a_secret() -> None:
    """INF-4: a password is made by Secrets Manager and read at run time; no parameter takes one."""
    for part, template in _templates(EXAMPLE).items():
        parsed = parse(template)
        assert not [
            name for name in parsed.get("Parameters", {}) if re.search("password|token|webhook", name, re.I)
        ], part
        for name, resource in parsed["Resources"].items():
            properties = resource.get("Properties", {})
            assert not isinstance(properties.get("MasterUserPassword"), str), name
            assert "SecretString" not in properties, name
            for key in properties.get("Environment", {}).get("Variables", {}):
                assert not re.search("PASSWORD|TOKEN|WEBHOOK", key), name


def test_what_holds_state_outlives_its_stack() -> None:
    stateful = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::RDS::DBCluster", "AWS::SecretsManager::Secret"}
    for part in ("foundation", "edge", "bootstrap"):
        for name, resource in parse(_templates(EXAMPLE)[part])["Resources"].items():
            if resource["Type"] in stateful:
                assert resource["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate", "Snapshot"}, name
                assert resource["UpdateReplacePolicy"] in {"Retain", "Snapshot"}, name
