"""The suite's actions, made from the commands: `action.yml` and README of each; and the root action."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kanmon.cli.command import Command, Option, OptionKind, SharedOptions, options_of
from kanmon.cli.commands import NAMES, load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NONE: Mapping[str, str] = MappingProxyType({})
_IMAGE = Path(__file__).resolve().parents[2] / "actions" / "image"
"""The Dockerfile, from a Docker action's folder; on a release the digest of its built image."""
_WHOLE = ("bundle", "bundle-digest", "reason", "lift-freeze")
"""The root action's inputs from `deploy`. The others belong to single steps of a release."""
_BUILT = "bundle-digest"
"""The root action takes a built bundle: the app's build has no place beside credentials."""
_ERROR = {"error": "if it failed: the error's code and message"}


def action_files() -> dict[str, str]:
    """Path, from the repository's root, and text of every file."""
    files = {"action.yml": _root_action()}
    for command in filter(lambda one: one.action, map(load, NAMES)):
        folder = _composite_folder(command)
        files[f"{folder}/action.yml"] = _composite_action(command, folder)
        files[f"{folder}/README.md"] = _readme(command, folder, _about_composite(command))
        if command.docker:
            files[f"actions/{command.name}/action.yml"] = _docker_action(command)
            files[f"actions/{command.name}/README.md"] = _readme(
                command, f"actions/{command.name}", _ABOUT_DOCKER
            )
    return files


def _composite_folder(command: Command[Any]) -> str:
    return f"actions/{command.name}/composite" if command.docker else f"actions/{command.name}"


def _composite_action(command: Command[Any], folder: str) -> str:
    up = "../" * folder.count("/")
    lines = [*_head(command), "outputs:"]
    for output, about in _outputs(command).items():
        value = f"${{{{ steps.{command.name}.outputs.{output} }}}}"
        lines += [f"  {output}:", f"    description: {json.dumps(about)}", f"    value: {value}"]
    lines += [
        "runs:",
        "  using: composite",
        "  steps:",
        *_step(command.name, _inputs(command), f"{up}run"),
    ]
    return "\n".join(lines) + "\n"


def _step(
    name: str,
    options: Sequence[Option],
    program: str,
    *,
    condition: str = "",
    more: Mapping[str, str] = _NONE,
    optional: bool = False,
) -> list[str]:
    """A step with one command. Inputs reach Python by the environment alone, never as a script's text.

    The job goes on after the failure of an `optional` one.
    """
    given = {_variable(option): f"${{{{ inputs.{option.name} }}}}" for option in options}
    return [
        f"    - id: {name}",
        *([f"      if: {condition}"] if condition else []),
        "      shell: bash",
        "      env:",
        *(f"        {variable}: {value}" for variable, value in {**given, **more}.items()),
        *(["      continue-on-error: true"] if optional else []),
        f'      run: exec "$GITHUB_ACTION_PATH/{program}" {name}',
    ]


def _root_action() -> str:
    """A release in one step; its steps are the commands of the other actions."""
    shared = [option for option in options_of(SharedOptions) if not option.terminal_only]
    deploy = [
        replace(option, required=option.name == _BUILT)
        for option in options_of(load("deploy").options)
        if option.name in _WHOLE
    ]
    token = _token(f"{load('record').token}, actions: read")
    ended = "always() && steps.deploy.outcome != 'skipped'"
    unfinished = (
        "always() && (steps.deploy.outcome == 'failure' || steps.deploy.outcome == 'cancelled') "
        "&& steps.deploy.outputs.result != 'held'"
    )
    lines = [
        *_top(
            "Kanmon",
            "Plan, deploy, verify and record the release of a built bundle in one step of a gated job.",
        ),
        *_described([*shared, *deploy, token]),
        "outputs:",
    ]
    for output, about in _outputs(load("deploy")).items():
        value = f"steps.deploy.outputs.{output}"
        value = f"steps.recover.outputs.{output} || {value}" if output == "result" else value
        lines += [f"  {output}:", f"    description: {json.dumps(about)}", f"    value: ${{{{ {value} }}}}"]
    lines += [
        "runs:",
        "  using: composite",
        "  steps:",
        *_step("deploy", [*shared, *deploy, token], "actions/run"),
        *_step(
            "recover",
            [*shared, token],
            "actions/run",
            condition=unfinished,
            more={"INPUT_WAIT": json.dumps("true")},
        ),
        *_step("record", [*shared, token], "actions/run", condition=ended, optional=True),
        *_step(
            "notify",
            shared,
            "actions/run",
            condition=ended,
            more={"INPUT_EVENT": "ended", "INPUT_CAUSE": "${{ steps.deploy.outputs.error }}"},
            optional=True,
        ),
    ]
    return "\n".join(lines) + "\n"


def _docker_action(command: Command[Any]) -> str:
    image = _IMAGE.read_text("utf-8").strip()
    if not image.startswith("docker://"):
        image += "  # zizmor: ignore[unpinned-images] this commit's own Dockerfile, on a base with a digest"
    lines = [*_head(command), "outputs:"]
    for output, about in _outputs(command).items():
        lines += [f"  {output}:", f"    description: {json.dumps(about)}"]
    lines += [
        "runs:",
        "  using: docker",
        f"  image: {image}",
        f"  args: [{command.name}]",
        "  # The other inputs come as INPUT_*.",
        "  env:",
        "    GITHUB_TOKEN: ${{ inputs.token }}",
        "  post-entrypoint: /kanmon/post",
    ]
    return "\n".join(lines) + "\n"


def _head(command: Command[Any]) -> list[str]:
    return [*_top(f"Kanmon {command.name}", command.help), *_described(_inputs(command))]


def _top(name: str, about: str) -> list[str]:
    return [
        "# Generated from kanmon/cli/commands by scripts/generators/reference.py.",
        f"name: {name}",
        f"description: {json.dumps(about, ensure_ascii=False)}",
    ]


def _described(options: Sequence[Option]) -> list[str]:
    lines = ["inputs:"]
    for option in options:
        about = json.dumps(option.help, ensure_ascii=False)
        given = "required: true" if option.required else f"default: {json.dumps(_default(option))}"
        lines += [f"  {option.name}:", f"    description: {about}", f"    {given}"]
    return lines


def _inputs(command: Command[Any]) -> tuple[Option, ...]:
    return (*command.inputs, *((_token(command.token),) if command.token else ()))


def _outputs(command: Command[Any]) -> dict[str, str]:
    return {**command.outputs, **_ERROR}


def _token(needed: str) -> Option:
    return Option(f"GitHub's token, {needed}", "TOKEN", name="token")


def _default(option: Option) -> str:
    if option.name == "token":
        return "${{ github.token }}"
    if option.kind is OptionKind.FLAG:
        return "false"
    return str(option.default or "")


def _shown_default(option: Option) -> str:
    if option.required:
        return "required"
    return f"`{shown}`" if (shown := _default(option)) else ""


def _variable(option: Option) -> str:
    return "GITHUB_TOKEN" if option.name == "token" else f"INPUT_{option.name.upper().replace('-', '_')}"


_ABOUT_DOCKER = (
    "It runs in a container with all its software, so a release never waits for an installation. Its post "
    "step always runs: it finishes or undoes the operation of a cancelled step, or of a run that died. Use "
    "it on x64 Linux runners with Docker, and [composite](composite) on others. If the commit is not a "
    "Kanmon release, the runner builds the image first."
)


def _about_composite(command: Command[Any]) -> str:
    about = "It runs on the runner itself and needs Python 3.11 or newer there."
    if not command.docker:
        return about
    return (
        f"Use it on runners without Docker; on others use [{command.name}](..). {about} A composite action "
        "has no post step: add a step with [recover](../../recover) after it, with "
        "`if: always()` and `wait: true`."
    )


def _readme(command: Command[Any], folder: str, about: str) -> str:
    inputs = [
        f"| `{option.name}` | {option.help} | {_shown_default(option)} |" for option in _inputs(command)
    ]
    outputs = [f"| `{output}` | {about} |" for output, about in _outputs(command).items()]
    lines = [
        "<!-- Generated from kanmon/cli/commands by scripts/generators/reference.py. -->",
        f"# {command.name}",
        "",
        f"{command.help} On a terminal it is `kanmon {command.name}`. {about}",
        "",
        "Pin it to the commit of a Kanmon release:",
        "",
        "```yaml",
        f"- uses: kanmon-dev/kanmon/{folder}@<commit>",
        "```",
        "",
        "| input | meaning | default |",
        "| --- | --- | --- |",
        *inputs,
        "",
        "| output | meaning |",
        "| --- | --- |",
        *outputs,
    ]
    return "\n".join(lines) + "\n"
