"""The actions' promise: command, `action.yml`, README and image agree, for Docker and without (SEC-5)."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kanmon.cli.command import OptionKind, SharedOptions
from kanmon.cli.commands import NAMES, load
from kanmon.cli.parser import action_arguments, parse

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "actions").rglob("action.yml"))
DOCKER = [folder for folder in FOLDERS if (folder / "composite").exists()]
ACTIONS = [name for name in NAMES if load(name).action]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def _id(folder: Path) -> str:
    return folder.relative_to(ROOT / "actions").as_posix()


def _command(folder: Path) -> str:
    return _id(folder).partition("/")[0]


def _action(folder: Path) -> dict[str, Any]:
    action: dict[str, Any] = YAML(typ="safe").load(folder / "action.yml")
    return action


def _rows(folder: Path) -> list[list[str]]:
    """The rows of the README's tables, without code marks and heads."""
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    cells = [
        [cell.strip().strip("`") for cell in line[1:-1].split(" | ")] for line in lines if line[:1] == "|"
    ]
    heads = {index + step for index, row in enumerate(cells) if row[0] == "---" for step in (-1, 0)}
    return [row for index, row in enumerate(cells) if index not in heads]


def test_every_command_for_workflows_is_an_action() -> None:
    assert sorted({_command(folder) for folder in FOLDERS}) == sorted(ACTIONS)


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_inputs_are_the_commands(folder: Path) -> None:
    expected = {option.name: option.help for option in load(_command(folder)).inputs}
    inputs = _action(folder)["inputs"]
    assert {key: value["description"] for key, value in inputs.items() if key != "token"} == expected


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_outputs_are_the_commands_and_the_error(folder: Path) -> None:
    assert set(_action(folder)["outputs"]) == {*load(_command(folder)).outputs, "error"}


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_it_takes_a_token_if_its_command_needs_one(folder: Path) -> None:
    """SEC-5: with the permissions of its job."""
    needed = load(_command(folder)).token
    token = _action(folder)["inputs"].get("token")
    assert (token is not None) is bool(needed)
    assert token is None or token["description"].endswith(needed)


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_its_page_has_its_inputs_and_outputs(folder: Path) -> None:
    action = _action(folder)
    inputs = [
        [key, value["description"], "required" if value.get("required") else value["default"]]
        for key, value in action["inputs"].items()
    ]
    outputs = [[key, value["description"]] for key, value in action["outputs"].items()]
    assert _rows(folder) == [*inputs, *outputs]


def test_the_root_action_has_the_inputs_and_outputs_of_deploy() -> None:
    """CD-2: except the plan: it makes one itself."""
    whole, deploy = _action(ROOT), _action(ROOT / "actions/deploy/composite")
    assert set(whole["inputs"]) == set(deploy["inputs"]) - {"plan", "digest"}
    assert whole["outputs"].keys() == deploy["outputs"].keys()


def test_the_root_action_builds_nothing_beside_credentials() -> None:
    """TRU-3, CD-2: it takes a bundle, and the bundle's digest."""
    action = _action(ROOT)
    steps = [step["run"].split()[-1] for step in action["runs"]["steps"]]
    assert steps == ["deploy", "recover", "record", "notify"]
    assert action["inputs"]["bundle-digest"] == {
        "description": "the output `digest` of the build; another bundle is refused",
        "required": True,
    }


def test_a_plan_needs_the_bundles_digest() -> None:
    """TRU-1"""
    assert _action(ROOT / "actions/plan")["inputs"]["bundle-digest"]["required"] is True


def test_the_root_action_gives_commands_only_known_inputs() -> None:
    """CD-2"""
    for step in _action(ROOT)["runs"]["steps"]:
        known = {f"INPUT_{option.name.upper().replace('-', '_')}" for option in load(step["id"]).inputs}
        assert set(step["env"]) <= known | {"GITHUB_TOKEN"}


def test_the_root_action_waits_for_a_killed_run() -> None:
    """CD-13"""
    (recover,) = (step for step in _action(ROOT)["runs"]["steps"] if step["id"] == "recover")
    given = {key: value for key, value in recover["env"].items() if "${{" not in value}
    assert action_arguments(["recover"], given) == ["recover", "--wait"]


@pytest.mark.parametrize("folder", DOCKER, ids=_id)
def test_with_docker_and_without_differ_only_in_their_runs(folder: Path) -> None:
    docker, composite = _action(folder), _action(folder / "composite")
    assert docker["runs"]["using"] == "docker"
    assert composite["runs"]["using"] == "composite"
    for output in composite["outputs"].values():
        del output["value"]
    assert docker | {"runs": None} == composite | {"runs": None}


def test_the_actions_for_users_also_come_with_docker() -> None:
    assert [_id(folder) for folder in DOCKER] == ["deploy", "rollback"]


@pytest.mark.parametrize("folder", DOCKER, ids=_id)
def test_a_docker_action_runs_the_images_own_command(folder: Path) -> None:
    """CD-13. The image is the root's Dockerfile, or one that nobody can exchange."""
    runs = _action(folder)["runs"]
    assert runs["image"] == (ROOT / "actions/image").read_text("utf-8").strip()
    assert runs["image"] == "../../Dockerfile" or re.fullmatch(
        r"docker://[^@\s]+@sha256:[0-9a-f]{64}", runs["image"]
    )
    assert runs["args"] == [_command(folder)]
    assert runs["env"] == {"GITHUB_TOKEN": "${{ inputs.token }}"}
    assert runs["post-entrypoint"] == "/kanmon/post"


@pytest.mark.parametrize("folder", DOCKER, ids=_id)
def test_every_input_arrives_as_a_container_gets_it(folder: Path) -> None:
    """The runner keeps hyphens in the names of variables; a shell could not."""
    name = _command(folder)
    inputs = load(name).inputs
    given = {
        f"INPUT_{option.name.upper()}": "true" if option.kind is OptionKind.FLAG else f"a {option.name}"
        for option in inputs
    }
    _, options, shared = parse(action_arguments([name], given))
    for option in inputs:
        field = option.name.replace("-", "_")
        value = getattr(shared if hasattr(SharedOptions, field) else options, field)
        assert value is True if option.kind is OptionKind.FLAG else str(value) == f"a {option.name}"


def test_the_images_sources_are_in_the_builds_context() -> None:
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    ]
    copied = [
        source
        for sources in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for source in sources.split()
    ]
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert any(fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in allowed), (
            source
        )


def test_the_images_base_is_fixed() -> None:
    """SEC-5: a tag moves, and the image runs beside the deploy role."""
    assert re.findall(r"^ARG (?!BASE=python:[\w.-]+@sha256:[0-9a-f]{64}$).*$", DOCKERFILE, re.MULTILINE) == []
    assert {image for image, _ in re.findall(r"^FROM (\S+)( AS \w+)?$", DOCKERFILE, re.MULTILINE)} == {
        "${BASE}"
    }


def test_python_is_the_containers_first_process() -> None:
    """CD-13: cancelling signals no other."""
    [entrypoint] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    assert json.loads(entrypoint) == ["python", "-ISu", "/kanmon", "action"]
    post = (ROOT / "actions/post").read_text("utf-8").splitlines()
    assert post[-1] == "exec python -ISu /kanmon action recover"


def test_the_post_step_waits_for_a_killed_run() -> None:
    """CD-13"""
    (given,) = re.findall(r"^export (INPUT_\w+)=(\w+)$", (ROOT / "actions/post").read_text("utf-8"), re.M)
    assert action_arguments(["recover"], dict([given])) == ["recover", "--wait"]


@pytest.mark.parametrize("name", ["release", "rollback"])
def test_a_reusable_workflow_waits_for_a_killed_run(name: str) -> None:
    """CD-13"""
    workflow = YAML(typ="safe").load(ROOT / f".github/workflows/{name}.yml")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    (recover,) = (step for step in steps if step.get("id") == "recover")
    given = {f"INPUT_{key.upper()}": str(value).lower() for key, value in recover["with"].items()}
    assert "--wait" in action_arguments(["recover"], given)
