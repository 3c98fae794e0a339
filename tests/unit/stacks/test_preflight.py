"""CloudFormation's limits and the stacks' parameters are checked before any change set (INF-9, CD-4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Slot
from kanmon.naming import API, SLOT
from kanmon.stacks.preflight import LIMITS, inspect, outline, refuse_size, too_many
from kanmon.stacks.spec import StackOutput, StackSpec
from kanmon.templates.offline import render_offline, unbuilt
from kanmon.templates.stack_set import Bootstrapped, stacks_of
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.stacks.spec import ParameterValue

TOPIC = "  Topic:\n    Type: AWS::SNS::Topic\n"
NAME = "shop-test-slot-blue"


def _topics(count: int) -> str:
    return "Resources:\n" + "".join(TOPIC.replace("Topic:", f"T{number}:") for number in range(count))


def _too_big(body: str, **growing: int) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        refuse_size(NAME, outline(body), growing)
    assert caught.value.code is Code.TEMPLATE_TOO_BIG
    assert caught.value.where == NAME
    return caught.value


def test_a_template_is_outlined_by_its_lines() -> None:
    body = (
        "Parameters:\n  A: {Type: String}\n  B:\n    Type: String\n\n"
        f"Resources:\n{TOPIC}      # é\n  # no: name\n  Other: {{Type: AWS::SNS::Topic}}\n"
        "Outputs:\n  T:\n    Value: !Ref A\n"
    )
    found = outline(body)
    assert found.parameters == ("A", "B")
    assert found.resources == ("Topic", "Other")
    assert found.outputs == ("T",)
    assert found.bytes == len(body.encode())


def test_templates_within_the_limits_are_not_refused() -> None:
    refuse_size(NAME, outline(_topics(500)), {"functions": 200})
    assert too_many(outline(_topics(500)), 200) == 0


def test_too_many_resources_are_refused_by_functions() -> None:
    assert _too_big(_topics(600), functions=200).message == (
        "It has 600 resources where CloudFormation takes 500. About 34 of its 200 functions are too many."
    )


def test_a_template_without_functions_is_refused_by_its_size() -> None:
    assert _too_big(_topics(501)).message == "It has 501 resources where CloudFormation takes 500."


def test_bytes_have_a_limit() -> None:
    body = f"{_topics(1)}Metadata: {{A: {'x' * LIMITS['bytes']}}}\n"
    assert "bytes where CloudFormation takes 1000000" in _too_big(body).message


def test_outputs_have_a_limit() -> None:
    outputs = "Outputs:\n" + "".join(f"  O{number}: {{Value: x}}\n" for number in range(201))
    assert "201 outputs" in _too_big(_topics(1) + outputs).message


def test_parameters_have_a_limit() -> None:
    parameters = "Parameters:\n" + "".join(f"  P{number}: {{Type: String}}\n" for number in range(201))
    assert "201 parameters" in _too_big(parameters + _topics(1)).message


def _specs(changes: Mapping[str, Mapping[str, ParameterValue]]) -> list[StackSpec]:
    """The stacks of an app, with other parameters for some kinds."""
    config = make_config()
    return [
        replace(spec, parameters={**spec.parameters, **changes.get(spec.kind, {})})
        for spec in stacks_of(config, unbuilt(config), "r1", Slot.BLUE, Bootstrapped("artifacts", "arn:key"))
    ]


def test_an_apps_own_stacks_fit_together() -> None:
    found = inspect(make_config(), _specs({}))
    assert found.keys() == {spec.kind for spec in _specs({})}


def _wrong(specs: list[StackSpec]) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        inspect(make_config(), specs)
    assert caught.value.code is Code.TEMPLATE_WRONG
    return caught.value


def test_an_undeclared_parameter_is_refused() -> None:
    error = _wrong(_specs({API: {"Other": "x"}}))
    assert error.message == "The parameter Other is given, but not declared."
    assert error.where == "shop-test-api"


def test_a_parameter_without_a_value_is_refused() -> None:
    specs = [replace(spec, parameters={}) if spec.kind == API else spec for spec in _specs({})]
    assert _wrong(specs).message == "The parameter AccessLogs is declared, but not given."


def test_an_unknown_output_is_refused() -> None:
    """Otherwise its stack would wait for it for ever."""
    error = _wrong(_specs({SLOT: {"KeyArn": StackOutput(stack="foundation", key="NoKey")}}))
    assert error.message == (
        "The parameter KeyArn takes the output NoKey of foundation. foundation has no such output."
    )
    assert error.where == NAME


def _crowded(count: int) -> Config:
    """As many routes of two steps each below the prefix."""
    paths = [f"/api/x{number}/{{id}}" for number in range(count)]
    return make_config(api={"routes": [{"path": path, "function": "api"} for path in paths]})


def test_an_api_with_all_of_its_resources_is_not_refused() -> None:
    """298 for the routes, one for the prefix, one for the root."""
    inspect(_crowded(149), _specs({}))


def test_more_resources_than_api_gateway_takes_are_refused() -> None:
    """INF-6: before any change set, and not in the middle of the API's stack."""
    with pytest.raises(KanmonError) as caught:
        inspect(_crowded(150), _specs({}))
    assert caught.value.code is Code.API_TOO_BIG
    assert caught.value.message.startswith("The 150 routes need 302 resources where API Gateway takes 300.")
    assert caught.value.where == "shop-test-api"


def test_too_many_routes_are_refused_by_routes() -> None:
    specs = [replace(spec, body=_topics(600)) if spec.kind == API else spec for spec in _specs({})]
    with pytest.raises(KanmonError, match="About 1 of its 1 routes are too many"):
        inspect(make_config(), specs)


def test_a_template_that_nobody_can_read_is_refused() -> None:
    """TRU-1: a plan would not show all of its resources."""
    config = make_config()
    specs = stacks_of(config, unbuilt(config), "r1", Slot.BLUE, Bootstrapped("artifacts", "key"))
    hidden = specs[0].body.replace("\nResources:\n", "\nResources:\n  Owner: {Type: AWS::IAM::Role}\n")
    with pytest.raises(KanmonError, match="can't be read one by one") as caught:
        inspect(config, [replace(specs[0], body=hidden), *specs[1:]])
    assert caught.value.code is Code.TEMPLATE_WRONG


def test_a_template_outside_ascii_is_refused() -> None:
    """CD-6: CloudFormation answers `?` for it, so each plan would find a change."""
    specs = [
        replace(spec, body=f"# caf\u00e9\n{spec.body}") if spec.kind == API else spec for spec in _specs({})
    ]
    assert _wrong(specs).message == "It has characters outside ASCII."


def test_texts_of_any_language_are_written_in_ascii() -> None:
    """CD-6"""
    function = {
        "handler": "shop.handle",
        "artifact": "build/api",
        "environment": {"GREETING": "こんにちは 🙂"},
    }
    config = make_config(functions={"api": function, "migrate": function})
    found = {kind: body for kind, (body, _) in render_offline(config).items()}
    assert all(body.isascii() for body in found.values())
    assert "\\U00003053" in found[SLOT]
