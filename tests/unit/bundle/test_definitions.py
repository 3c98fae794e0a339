"""State machines' definitions go into the bundle as they are; invalid ones are refused (INF-7, CD-6)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanmon.bundle.definitions import copy_state_machines, problems
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = make_config(state_machines={"report": {"definition": "definitions/report.json"}})
TASK = {"Type": "Task", "Resource": "${api}", "End": True}
MACHINE: dict[str, Any] = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericEquals": 1, "Next": "Both"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": TASK}},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}],
            "Next": "Done",
        },
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "A", "States": {"A": TASK}}], "Next": "Pass"},
        "Pass": {"Type": "Pass", "Next": "Call"},
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "${migrate}"},
            "End": True,
        },
        "Sorry": {"Type": "Fail", "Error": "E"},
        "Done": {"Type": "Succeed"},
    },
}


def _project(folder: Path, content: bytes) -> Path:
    (folder / "definitions").mkdir(parents=True)
    (folder / "definitions/report.json").write_bytes(content)
    return folder


def _refusal(folder: Path, content: bytes) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        copy_state_machines(CONFIG, _project(folder / "app", content), folder / "bundle")
    assert not (folder / "bundle").exists()
    assert "state_machines.report.definition: definitions/report.json" in str(caught.value.where)
    return caught.value


def test_a_definition_is_copied_byte_for_byte(tmp_path: Path) -> None:
    content = json.dumps(MACHINE, indent=3).encode()
    (tmp_path / "bundle").mkdir()
    made = copy_state_machines(CONFIG, _project(tmp_path / "app", content), tmp_path / "bundle")["report"]
    assert (tmp_path / "bundle" / made.path).read_bytes() == content
    assert made.size == len(content)
    assert made.functions == ("api", "migrate")


def test_outputs_of_stacks_can_stand_in_a_definition(tmp_path: Path) -> None:
    """ADP-2, ADP-4"""
    parameters = {"To": "${edge.Domain}", "Region": "${AWS::Region}"}
    task = {"Type": "Task", "Resource": "${api}", "End": True, "Parameters": parameters}
    content = json.dumps({"StartAt": "One", "States": {"One": task}}).encode()
    (tmp_path / "bundle").mkdir()
    made = copy_state_machines(CONFIG, _project(tmp_path / "app", content), tmp_path / "bundle")["report"]
    assert made.functions == ("api",)
    assert made.values == ("AWS::Region", "edge.Domain")


def test_an_integration_without_its_permission_is_refused(tmp_path: Path) -> None:
    """ADP-1"""
    task = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": True}
    refusal = _refusal(tmp_path, json.dumps({"StartAt": "One", "States": {"One": task}}).encode())
    assert refusal.code is Code.STATE_MACHINE_INVALID
    assert "sns:Publish" in str(refusal)
    assert "`permissions`" in str(refusal)


def test_an_express_state_machine_that_waits_has_a_fix_of_its_own(tmp_path: Path) -> None:
    """INF-7: more permissions would not help."""
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
    content = json.dumps({"StartAt": "One", "States": {"One": task}}).encode()
    machine = {"definition": "definitions/report.json", "type": "express"}
    with pytest.raises(KanmonError, match="an express state machine can't wait") as caught:
        copy_state_machines(
            make_config(state_machines={"report": machine}), _project(tmp_path, content), tmp_path / "bundle"
        )
    assert "`type: standard`" in caught.value.fix
    assert "permissions" not in caught.value.fix


def test_what_is_no_json_has_a_command_that_shows_the_mistake(tmp_path: Path) -> None:
    refused = _refusal(tmp_path, b"StartAt: A")
    assert "`python3 -m json.tool definitions/report.json`" in refused.fix


def _changed(state: str, **keys: Any) -> dict[str, Any]:
    changed = {**MACHINE["States"][state], **keys}
    states = MACHINE["States"] | {state: {key: value for key, value in changed.items() if value is not None}}
    return MACHINE | {"States": states}


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        ([], "The definition has no `States`"),
        ({"StartAt": "A"}, "has no `States`"),
        (MACHINE | {"StartAt": "Nowhere"}, "no `StartAt`"),
        (MACHINE | {"StartAt": []}, "no `StartAt`"),
        (_changed("Wait", Type="Sleep"), "`States.Wait` has no `Type`"),
        (_changed("Wait", Type=["Wait"]), "`States.Wait` has no `Type`"),
        (_changed("Wait", Next="Nowhere"), "goes on to 'Nowhere'"),
        (_changed("Wait", Next=None), "must have a `Next` or `End: true`"),
        (_changed("Wait", End=True), "must have a `Next` or `End: true`"),
        (_changed("Ask", Choices=None), "a choice without `Choices`"),
        (_changed("Ask", Choices=[{"Next": "Nowhere"}]), "goes on to 'Nowhere'"),
        (_changed("Ask", Choices=["Both"]), "is not a list of rules"),
        (_changed("Ask", Choices=[{"Variable": "$.n"}]), "A rule in `States.Ask.Choices` has no `Next`"),
        (_changed("Each", Catch=[{}]), "A rule in `States.Each.Catch` has no `Next`"),
        (_changed("Each", Catch=[{"Next": "One"}]), "goes on to 'One'"),
        (_changed("Each", ItemProcessor={"StartAt": "One"}), "`States.Each.ItemProcessor` has no `States`"),
        (_changed("Both", Branches=[]), "has no `Branches`"),
        (_changed("Both", Branches=[{"StartAt": "B", "States": {"A": TASK}}]), "Both.Branches[0]` has no"),
        (_changed("Call", Resource=None), "a task without a `Resource`"),
    ],
)  # fmt: skip
def test_an_invalid_definition_is_refused(tmp_path: Path, machine: Any, message: str) -> None:
    refused = _refusal(tmp_path, json.dumps(machine).encode())
    assert refused.code is Code.STATE_MACHINE_INVALID
    assert message in refused.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "It is not JSON"),
        (b"\xff\xfe{", "It is not JSON"),
        (b"StartAt: A", "It is not JSON"),
        (json.dumps(_changed("Call", Resource="${chrage}")).encode(), "${chrage} names no function"),
        (json.dumps(MACHINE).encode() + b" " * 1024 * 1024, "larger than 1 MB"),
    ],
)
def test_a_file_without_a_definition_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    refused = _refusal(tmp_path, content)
    assert refused.code is Code.STATE_MACHINE_INVALID
    assert message in refused.message


def test_a_missing_definition_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        copy_state_machines(CONFIG, tmp_path, tmp_path / "bundle")
    assert caught.value.code is Code.ARTIFACT_MISSING


def test_a_definition_outside_of_the_project_is_refused(tmp_path: Path) -> None:
    """SEC-5"""
    (tmp_path / "outside.json").write_text("{}")
    (tmp_path / "app/definitions").mkdir(parents=True)
    (tmp_path / "app/definitions/report.json").symlink_to(tmp_path / "outside.json")
    with pytest.raises(KanmonError) as caught:
        copy_state_machines(CONFIG, tmp_path / "app", tmp_path / "bundle")
    assert caught.value.code is Code.UNSAFE_PATH


_JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["A", "Task", "Map", "Parallel", "Choice"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["StartAt", "States", "A", "Type", "Next", "End", "Choices", "Catch", "Branches", "Iterator"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_JSON)
def test_any_json_gives_problems_and_no_crash(machine: Any) -> None:
    assert all(isinstance(problem, str) for problem in problems(machine))
