"""The suite's actions, made from the command line's table: `action.yml` and README of each."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kanmon.cli.arguments import COMMANDS, Kind, Option, action_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONE: Mapping[str, str] = MappingProxyType({})
_READS_APPROVAL = "to read who approved and show the deployment: actions: read, deployments: write"
_COMPOSITE = {
    "build": "actions/build",
    "test": "actions/test",
    "plan": "actions/plan",
    "gate": "actions/gate",
    "deploy": "actions/deploy/composite",
    "smoke": "actions/smoke",
    "rollback": "actions/rollback/composite",
    "recover": "actions/recover",
    "record": "actions/record",
    "notify": "actions/notify",
}
_DOCKER = {"deploy": "actions/deploy", "rollback": "actions/rollback"}
"""What moves users also comes as a Docker action: only that kind has a last part that always runs."""
_IMAGE = Path(__file__).resolve().parents[1] / "actions" / "image"
"""The Dockerfile, from a Docker action's folder; on a release the image that was built of it, by digest."""
_WITH_TOKEN = {
    "test": "to keep one comment of the pull request up to date: pull-requests: write",
    "gate": "to read the rules and who approved: actions: read, contents: read",
    "deploy": _READS_APPROVAL,
    "rollback": _READS_APPROVAL,
    "recover": "to show the deployment: deployments: write",
    "record": "to write deployments and releases: deployments: write, contents: write, pull-requests: read",
}
_WHOLE = ("config", "reason", "lift-freeze", "verbose")
"""The inputs of the root action, which are those of `deploy` that leave it the whole release."""
_ERROR = {"error": "the code and the words of what went wrong, when it failed"}


def action_files() -> dict[str, str]:
    """Path, from the repository's root, and text of every file."""
    files = {}
    for name, folder in _COMPOSITE.items():
        files[f"{folder}/action.yml"] = _composite_action(name, folder)
        files[f"{folder}/README.md"] = _readme(name, folder, _about_composite(name))
    for name, folder in _DOCKER.items():
        files[f"{folder}/action.yml"] = _docker_action(name)
        files[f"{folder}/README.md"] = _readme(name, folder, _ABOUT_DOCKER)
    files["action.yml"] = _whole_action()
    return files


def _inputs(name: str) -> list[Option]:
    return [*action_inputs(name), *([_token(name)] if name in _WITH_TOKEN else [])]


def _composite_action(name: str, folder: str) -> str:
    up = "../" * (folder.count("/"))
    lines = _head(name)
    lines += ["outputs:"]
    for output, told in _outputs(name).items():
        value = f"${{{{ steps.{name}.outputs.{output} }}}}"
        lines += [f"  {output}:", f"    description: {json.dumps(told)}", f"    value: {value}"]
    lines += [
        "runs:",
        "  using: composite",
        "  steps:",
        *_step(name, _inputs(name), f"{up}run"),
    ]
    return "\n".join(lines) + "\n"


def _step(
    name: str, options: list[Option], program: str, *, condition: str = "", more: Mapping[str, str] = _NONE
) -> list[str]:
    """One step that is a command. Inputs reach Python by the environment alone, never as a script's text."""
    given = {_variable(option): f"${{{{ inputs.{option.name} }}}}" for option in options}
    return [
        f"    - id: {name}",
        *([f"      if: {condition}"] if condition else []),
        "      shell: bash",
        "      env:",
        *(f"        {variable}: {value}" for variable, value in {**given, **more}.items()),
        f'      run: exec "$GITHUB_ACTION_PATH/{program}" {name}',
    ]


def _whole_action() -> str:
    """The root action: a release in one step, whose parts are the commands that the other actions run."""
    options = [option for option in action_inputs("deploy") if option.name in _WHOLE]
    token = Option("token", f"GitHub's token, {_WITH_TOKEN['record']}, actions: read", "TOKEN")
    ended = "always() && steps.deploy.outcome != 'skipped'"
    unfinished = (
        "always() && (steps.deploy.outcome == 'failure' || steps.deploy.outcome == 'cancelled') "
        "&& steps.deploy.outputs.result != 'held'"
    )
    lines = [
        *_top("Kanmon", "Build, plan, deploy, verify, record: a whole release in one step of a gated job."),
        *_described([*options, token]),
        "outputs:",
    ]
    for output, told in _outputs("deploy").items():
        value = f"steps.deploy.outputs.{output}"
        value = f"steps.recover.outputs.{output} || {value}" if output == "result" else value
        lines += [f"  {output}:", f"    description: {json.dumps(told)}", f"    value: ${{{{ {value} }}}}"]
    config = next(option for option in options if option.name == "config")
    lines += [
        "runs:",
        "  using: composite",
        "  steps:",
        *_step("build", [config], "actions/run"),
        *_step("deploy", [*options, token], "actions/run"),
        *_step("recover", [config, token], "actions/run", condition=unfinished, more={"INPUT_WAIT": "3m"}),
        *_step("record", [config, token], "actions/run", condition=ended),
        *_step(
            "notify",
            [config],
            "actions/run",
            condition=ended,
            more={"INPUT_EVENT": "ended", "INPUT_CAUSE": "${{ steps.deploy.outputs.error }}"},
        ),
    ]
    return "\n".join(lines) + "\n"


def _docker_action(name: str) -> str:
    image = _IMAGE.read_text("utf-8").strip()
    if not image.startswith("docker://"):
        image += "  # zizmor: ignore[unpinned-images] it names no image, but this commit's own Dockerfile"
    lines = _head(name)
    lines += ["outputs:"]
    for output, told in _outputs(name).items():
        lines += [f"  {output}:", f"    description: {json.dumps(told)}"]
    lines += [
        "runs:",
        "  using: docker",
        f"  image: {image}",
        f"  args: [{name}]",
        "  # The other inputs come as INPUT_*.",
        "  env:",
        "    GITHUB_TOKEN: ${{ inputs.token }}",
        "  post-entrypoint: /kanmon/post",
    ]
    return "\n".join(lines) + "\n"


def _head(name: str) -> list[str]:
    return [*_top(f"Kanmon {name}", COMMANDS[name].help), *_described(_inputs(name))]


def _top(name: str, about: str) -> list[str]:
    return [
        "# Generated from the command line's table by scripts/reference.py.",
        f"name: {name}",
        f"description: {json.dumps(about, ensure_ascii=False)}",
    ]


def _described(options: list[Option]) -> list[str]:
    lines = ["inputs:"]
    for option in options:
        default = json.dumps(_default(option))
        about = json.dumps(option.help, ensure_ascii=False)
        lines += [f"  {option.name}:", f"    description: {about}", f"    default: {default}"]
    return lines


def _outputs(name: str) -> dict[str, str]:
    return {**COMMANDS[name].outputs, **_ERROR}


def _token(name: str) -> Option:
    return Option("token", f"GitHub's token, {_WITH_TOKEN[name]}", "TOKEN")


def _default(option: Option) -> str:
    if option.name == "token":
        return "${{ github.token }}"
    if option.kind is Kind.FLAG:
        return "false"
    return str(option.default or "")


def _variable(option: Option) -> str:
    return "GITHUB_TOKEN" if option.name == "token" else f"INPUT_{option.name.upper().replace('-', '_')}"


_ABOUT_DOCKER = (
    "It runs in a container that holds all it needs: nothing is installed when a release is due, nothing on "
    "the runner gets in its way, and a last part runs whatever happened: it finishes or undoes what a step "
    "that was cancelled or killed has left. Choose it on Linux runners with Docker; elsewhere use its twin, "
    "[composite](composite). Of a commit that is no release the runner builds the image first."
)


def _about_composite(name: str) -> str:
    about = "It runs on the runner itself and needs Python 3.11 or newer there."
    if name not in _DOCKER:
        return about
    return (
        f"The twin of [{name}](..) for runners without Docker. {about} A composite action has no last part "
        "that runs whatever happened: let a step with [recover](../../recover) follow, with `if: always()` "
        "and `wait: 3m`."
    )


def _readme(name: str, folder: str, about: str) -> str:
    inputs = [
        f"| `{option.name}` | {option.help} | {f'`{shown}`' if (shown := _default(option)) else ''} |"
        for option in _inputs(name)
    ]
    outputs = [f"| `{output}` | {told} |" for output, told in _outputs(name).items()]
    lines = [
        "<!-- Generated from the command line's table by scripts/reference.py. -->",
        f"# {name}",
        "",
        f"{COMMANDS[name].help} The same as `kanmon {name}` on a terminal. {about}",
        "",
        f"Use it as `kanmon-dev/kanmon/{folder}`, pinned by commit.",
        "",
        "| input | what it is | default |",
        "| --- | --- | --- |",
        *inputs,
    ]
    lines += ["", "| output | what it is |", "| --- | --- |", *outputs]
    return "\n".join(lines) + "\n"
