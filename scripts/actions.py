"""The suite's actions, made from the command line's table: `action.yml` and README of each."""

from __future__ import annotations

import json

from kanmon.cli.arguments import COMMANDS, Kind, Option, action_inputs

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
_WITH_TOKEN = {
    "test": "to keep one comment of the pull request up to date: pull-requests: write",
    "gate": "to read the rules and who approved: actions: read, contents: read",
    "deploy": _READS_APPROVAL,
    "rollback": _READS_APPROVAL,
    "recover": "to show the deployment: deployments: write",
    "record": "to write deployments and releases: deployments: write, contents: write, pull-requests: read",
}
_ERROR = {"error": "the code and the words of what went wrong, when it failed"}


def action_files() -> dict[str, str]:
    """Path, from the repository's root, and text of every file."""
    files = {}
    for name, folder in _COMPOSITE.items():
        files[f"{folder}/action.yml"] = _action(name, folder)
        files[f"{folder}/README.md"] = _readme(name, folder)
    return files


def _inputs(name: str) -> list[Option]:
    return [*action_inputs(name), *([_token(name)] if name in _WITH_TOKEN else [])]


def _action(name: str, folder: str) -> str:
    command = COMMANDS[name]
    up = "../" * (folder.count("/"))
    lines = [
        "# Generated from the command line's table by scripts/reference.py.",
        f"name: Kanmon {name}",
        f"description: {json.dumps(command.help, ensure_ascii=False)}",
        "inputs:",
    ]
    for option in _inputs(name):
        default = json.dumps(_default(option))
        about = json.dumps(option.help, ensure_ascii=False)
        lines += [f"  {option.name}:", f"    description: {about}", f"    default: {default}"]
    lines += ["outputs:"]
    for output, told in (command.outputs | _ERROR).items():
        value = f"${{{{ steps.{name}.outputs.{output} }}}}"
        lines += [f"  {output}:", f"    description: {json.dumps(told)}", f"    value: {value}"]
    lines += [
        "runs:",
        "  using: composite",
        "  steps:",
        f"    - id: {name}",
        "      shell: bash",
        "      # Inputs reach Python by the environment alone: nothing of them is ever part of a script.",
        "      env:",
        *(f"        {_variable(option)}: ${{{{ inputs.{option.name} }}}}" for option in _inputs(name)),
        f'      run: exec "$GITHUB_ACTION_PATH/{up}run" {name}',
    ]
    return "\n".join(lines) + "\n"


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


def _readme(name: str, folder: str) -> str:
    command = COMMANDS[name]
    inputs = [
        f"| `{option.name}` | {option.help} | {f'`{shown}`' if (shown := _default(option)) else ''} |"
        for option in _inputs(name)
    ]
    outputs = [f"| `{output}` | {told} |" for output, told in (command.outputs | _ERROR).items()]
    about = (
        f"{command.help} The same as `kanmon {name}` on a terminal; it runs on the runner itself and needs "
        "Python 3.11 or newer there."
    )
    lines = [
        "<!-- Generated from the command line's table by scripts/reference.py. -->",
        f"# {name}",
        "",
        about,
        "",
        f"Use it as `kanmon-dev/kanmon/{folder}`, pinned by commit.",
        "",
        "| input | what it is | default |",
        "| --- | --- | --- |",
        *inputs,
    ]
    lines += ["", "| output | what it is |", "| --- | --- |", *outputs]
    return "\n".join(lines) + "\n"
