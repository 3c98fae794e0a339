"""What the actions promise: table, `action.yml`, README and image say the same, in every variant (SEC-5)."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kanmon.cli.arguments import COMMANDS, Kind, action_arguments, action_inputs, make_parser

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted(path.parent for path in (ROOT / "actions").rglob("action.yml"))
DOCKER = [folder for folder in FOLDERS if (folder / "composite").exists()]
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


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_inputs_and_outputs_are_the_command_s(folder: Path) -> None:
    action, name = _action(folder), _command(folder)
    expected = {option.name: option.help for option in action_inputs(name)}
    given = {key: value["description"] for key, value in action["inputs"].items() if key != "token"}
    assert given == expected
    assert set(action["outputs"]) == {*COMMANDS[name].outputs, "error"}


@pytest.mark.parametrize("folder", FOLDERS, ids=_id)
def test_its_page_says_what_it_says(folder: Path) -> None:
    action = _action(folder)
    inputs = [[key, value["description"], value["default"]] for key, value in action["inputs"].items()]
    outputs = [[key, value["description"]] for key, value in action["outputs"].items()]
    assert _rows(folder) == [*inputs, *outputs]


def test_the_root_action_takes_and_gives_what_deploy_does() -> None:
    """CD-2: but for what it decides itself, which is where the bundle and the plan come from."""
    whole, deploy = _action(ROOT), _action(ROOT / "actions/deploy/composite")
    left = {"bundle", "bundle-digest", "plan", "digest"}
    assert set(whole["inputs"]) == set(deploy["inputs"]) - left
    assert whole["outputs"].keys() == deploy["outputs"].keys()
    steps = [step["run"].split()[-1] for step in whole["runs"]["steps"]]
    assert steps == ["build", "deploy", "recover", "record", "notify"]
    for step in whole["runs"]["steps"]:
        known = {f"INPUT_{option.name.upper().replace('-', '_')}" for option in action_inputs(step["id"])}
        assert set(step["env"]) <= known | {"GITHUB_TOKEN"}


@pytest.mark.parametrize("folder", DOCKER, ids=_id)
def test_twins_differ_in_nothing_but_how_they_run(folder: Path) -> None:
    docker, composite = _action(folder), _action(folder / "composite")
    assert (docker["runs"]["using"], composite["runs"]["using"]) == ("docker", "composite")
    for output in composite["outputs"].values():
        del output["value"]
    assert docker | {"runs": None} == composite | {"runs": None}


def test_what_moves_users_comes_as_twins() -> None:
    assert [_id(folder) for folder in DOCKER] == ["deploy", "rollback"]


@pytest.mark.parametrize("folder", DOCKER, ids=_id)
def test_a_docker_action_runs_the_image_s_own_command(folder: Path) -> None:
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
    options = action_inputs(name)
    given = {
        f"INPUT_{option.name.upper()}": "true" if option.kind is Kind.FLAG else f"a {option.name}"
        for option in options
    }
    parsed = vars(make_parser().parse_args(action_arguments(name, given)))
    for option in options:
        value = parsed[option.name.replace("-", "_")]
        assert value is True if option.kind is Kind.FLAG else str(value) == f"a {option.name}"


def test_the_image_knows_the_services_that_there_are_clients_of() -> None:
    clients = (ROOT / "kanmon/aws/clients.py").read_text("utf-8")
    made = set(re.findall(r'client\("([^"]+)"', clients))
    assert set(re.findall(r"! -name (\S+)", DOCKERFILE)) == made


def test_what_the_image_is_made_of_is_in_the_build_s_context() -> None:
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


def test_python_is_the_container_s_first_process() -> None:
    """CD-13: cancelling signals no other."""
    [entrypoint] = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    assert json.loads(entrypoint) == ["python", "-ISu", "/kanmon", "action"]
    assert (ROOT / "actions/post").read_text("utf-8").splitlines()[-1].startswith("exec python -ISu /kanmon ")
