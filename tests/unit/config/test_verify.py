"""The team's own tests before traffic (CD-7)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.config.check_values import mistakes, secrets_of_checks
from kanmon.config.mistakes import explanation
from kanmon.config.verify import Verify
from tests.fakes.app import make_config

IMAGE = "mcr.microsoft.com/playwright:v1.55.0-noble@sha256:" + "a" * 64
VERIFY: dict[str, Any] = {"image": IMAGE, "commands": ["npx playwright test"]}


def _refusal(**changes: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        Verify.model_validate(VERIFY | changes)
    return str(refused.value)


@pytest.mark.parametrize(
    "image", ["playwright", "playwright:v1", "p@sha256:abc", f"-v/:/host@sha256:{'a' * 64}", ""]
)
def test_an_image_has_a_digest(image: str) -> None:
    """TRU-1: a tag can move after the approval. And no option of Docker is an image."""
    assert "image" in _refusal(image=image)


@pytest.mark.parametrize("name", ["PATH", "HOME", "DOCKER_HOST", "KANMON_PREVIEW_URL"])
def test_names_of_others_are_refused(name: str) -> None:
    assert f"{name} belongs to the image" in _refusal(environment={name: "x"})


@pytest.mark.parametrize(
    ("name", "right"), [("e2e-user", "e2e_user"), ("E2E USER", "E2E_USER"), ("2E", "E2E_USER")]
)
def test_a_wrong_name_of_a_variable_has_a_right_one(name: str, right: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make_config(verify=VERIFY | {"environment": {name: "x"}})
    problem, fix = explanation(refused.value.errors(include_url=False)[0])
    assert "Begin with a letter or `_`." in problem
    assert f"`{right}`" in fix


@pytest.mark.parametrize("timeout", ["0s", "61m"])
def test_there_is_always_an_end(timeout: str) -> None:
    assert "at most one hour" in _refusal(timeout=timeout)


def test_the_image_and_a_command_are_enough() -> None:
    verify = Verify.model_validate(VERIFY)
    assert verify.results == ("*.xml",)
    assert verify.timeout == 900


def test_its_secrets_are_among_those_that_the_deploy_role_reads() -> None:
    environment = {"E2E_PASSWORD": "${secrets.shopper.password}", "E2E_USER": "kim"}
    config = make_config(secrets={"shopper": {}}, verify=VERIFY | {"environment": environment})
    assert secrets_of_checks(config) == ("shopper",)
    with pytest.raises(ValidationError, match="names the secret shoper, which is not under `secrets`"):
        make_config(secrets={"shopper": {}}, verify=VERIFY | {"environment": {"A": "${secrets.shoper}"}})


@pytest.mark.parametrize(
    ("text", "problem", "fix"),
    [
        ("${login.token}", "only, and `${login.token}` is none", "Write `${secrets.name}`"),
        ("${edge.Url}", "only, and `${edge.Url}` is none", "address is in `$KANMON_PREVIEW_URL`"),
        ("${secret.shopper.id}", "is none", "Write `${secrets.shopper.id}`."),
        ("${secrets}", "`${secrets}` names no secret", "Write `${secrets.jwt}`"),
        ("${secrets.shopper.}", "`${secrets.shopper.}` names no secret", "Write `${secrets.jwt}`"),
        ("${secrets.database.password}", "Only a function gets", "a secret of its own under `secrets`"),
        ("${secrets.shopper", "A `${` has no end.", "Write `${secrets.jwt}`"),
        ("${secrets.shoper}", "names the secret shoper, which is not under `secrets`", "Write `shopper`."),
    ],
)
def test_a_wrong_value_has_a_fix_that_works_there(text: str, problem: str, fix: str) -> None:
    """INF-9: a check may take the value of an earlier one. These tests get values of secrets only."""
    config = make_config(secrets={"shopper": {}}, verify=VERIFY)
    assert config.verify
    verify = config.verify.model_copy(update={"environment": {"A": text}})
    [mistake] = mistakes(config.model_copy(update={"verify": verify}))
    assert problem in mistake.problem
    assert fix in mistake.fix
    assert mistake.at == ("verify", "environment", "A")


def test_a_config_without_it_is_stored_as_before() -> None:
    assert "verify" not in make_config().as_json()
