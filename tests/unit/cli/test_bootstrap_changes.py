"""An administrator sees in short what bootstrap changes, and can read every permission first (TRU-1)."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from kanmon.cli.bootstrap_changes import BootstrapChanges
from kanmon.report.console import make_console
from kanmon.stacks.changes import template_changes
from tests.fakes.app import make_config

STATEMENTS = [
    {"Sid": f"Read{number}", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    for number in range(40)
]


def _role(*statements: dict[str, Any], trusted: dict[str, Any] | None = None) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    properties = {
        "Description": "reads files",
        "AssumeRolePolicyDocument": {"Statement": [trust, *([trusted] if trusted else [])]},
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "Policies": [{"PolicyName": "reads", "PolicyDocument": {"Statement": list(statements)}}],
    }
    lines = [f"      {key}: {json.dumps(value)}" for key, value in properties.items()]
    return "\n".join(["Resources:", "  Reader:", "    Type: AWS::IAM::Role", "    Properties:", *lines, ""])


def _asked(before: str, after: str, *answers: str) -> tuple[bool, list[str], str]:
    """Whether a person approves by these answers, the questions, and all that is shown."""
    file, questions, given = io.StringIO(), list[str](), iter(answers)

    def ask(question: str) -> str:
        questions.append(question)
        return next(given)

    changes = template_changes(before, after, set())
    approved = BootstrapChanges(make_console(file), make_config(), changes, before, after).approved(ask)
    return approved, questions, file.getvalue()


@pytest.mark.parametrize(("answer", "approved"), [("y", True), (" Yes ", True), ("", False), ("no", False)])
def test_a_long_change_is_decided_in_short(answer: str, *, approved: bool) -> None:
    """TRU-1"""
    everything = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}
    own, questions, shown = _asked("", _role(*STATEMENTS, everything), answer)
    assert own is approved
    assert questions == ["Apply this with your own rights? [y/N/d] "]
    assert shown == (
        "+ Reader AWS::IAM::Role  permissions\n"
        "    reads files\n"
        "    may be assumed by Service = ec2.amazonaws.com\n"
        "    has the policies arn:aws:iam::aws:policy/ReadOnlyAccess\n"
        "    allows ec2:*, s3\n"
        "1 to add, 0 to change, 0 to replace, 0 to delete\n"
        "Answer d to read all 86 lines of permissions first.\n"
    )


@pytest.mark.parametrize(
    ("answers", "approved"), [(("d", "y"), True), (("D", "n"), False), (("d", "d"), False)]
)
def test_every_permission_can_be_read_before_the_decision(
    answers: tuple[str, str], *, approved: bool
) -> None:
    """TRU-1"""
    own, questions, shown = _asked("", _role(*STATEMENTS), *answers)
    assert own is approved
    assert questions[1:] == ["Apply this with your own rights? [y/N] "]
    for number in range(40):
        assert f"    + Allow Read{number}: s3:GetObject, s3:ListBucket\n    +   Resource: *\n" in shown


def test_a_short_change_is_shown_as_a_whole_at_once() -> None:
    """TRU-1"""
    approved, questions, shown = _asked(_role(STATEMENTS[0]), _role(STATEMENTS[1]), "y")
    assert approved
    assert questions == ["Apply this with your own rights? [y/N] "]
    assert "    - Allow Read0: s3:GetObject, s3:ListBucket\n" in shown
    assert "    + Allow Read1: s3:GetObject, s3:ListBucket\n" in shown


def test_in_short_what_goes_and_what_comes_are_apart() -> None:
    """TRU-1"""
    denied = {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    _, _, shown = _asked(
        _role(*STATEMENTS), _role(denied, {**denied, "Sid": "B", "Action": "kms:Decrypt"}), "n"
    )
    assert "    denies *, kms\n    no longer allows s3\n" in shown
    _, _, shown = _asked(_role(denied), _role(*STATEMENTS), "n")
    assert "    allows s3\n    no longer denies *\n" in shown


def test_in_short_everybody_is_there_who_may_assume_a_role() -> None:
    """SEC-1: the subjects stand for GitHub's provider, and for nobody else."""
    condition = {"StringEquals": {"token.actions.githubusercontent.com:sub": "repo:octo/shop:*"}}
    github = {
        "Effect": "Allow",
        "Principal": {"Federated": "provider"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }
    _, _, shown = _asked("", _role(*STATEMENTS, trusted=github), "n")
    assert "    may be assumed by repo:octo/shop:*; Service = ec2.amazonaws.com\n" in shown


def test_in_short_the_right_to_assume_another_role_is_no_trust() -> None:
    """SEC-1"""
    other = {"Sid": "Other", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    _, _, shown = _asked("", _role(*STATEMENTS, other), "n")
    assert "    may be assumed by Service = ec2.amazonaws.com\n" in shown
    assert "    allows s3, sts\n" in shown


@pytest.mark.usefixtures("japanese")
def test_the_same_comes_in_japanese() -> None:
    """DOC-1"""
    _, questions, shown = _asked("", _role(*STATEMENTS), "n")
    assert questions == ["あなた自身の権限でこの変更を適用しますか? [y/N/d] "]
    assert "    許可: s3\n追加 1 件、" in shown
    assert "d と入力すると、先にアクセス許可の全 84 行を読めます。" in shown
