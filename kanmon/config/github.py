"""The GitHub repository with access to AWS."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from kanmon.config.section import Section
from kanmon.config.values import Name

_OWNER = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}"
_REPOSITORY = r"[A-Za-z0-9._-]{1,100}"


WorkflowRef = Annotated[
    str,
    Field(pattern=rf"^{_OWNER}/{_REPOSITORY}/\.github/workflows/[A-Za-z0-9._-]+\.ya?ml(@[A-Za-z0-9._/-]+)?$"),
]
"""A workflow file, with or without a ref: `owner/name/.github/workflows/release.yml@v1`."""


class Github(Section):
    """The app's repository: `kanmon bootstrap` makes roles for its workflows (OpenID Connect)."""

    repository: Annotated[str, Field(pattern=rf"^{_OWNER}/{_REPOSITORY}$")] = Field(
        description="`owner/name` of the app's repository."
    )
    repository_id: int | None = Field(
        None, ge=1, description="The repository's id: `gh api repos/OWNER/NAME --jq .id`."
    )
    owner_id: int | None = Field(
        None, ge=1, description="The owner's id: `gh api repos/OWNER/NAME --jq .owner.id`."
    )
    environments: tuple[Name, ...] = Field(
        (),
        description="All environments of the app, where it has several: one stack holds the roles of all, "
        "and each environment's config must name the same.",
    )
    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")] = Field(
        "main", description="The branch that releases come from; plans are made nowhere else."
    )
    workflows: tuple[WorkflowRef, ...] = Field(
        (
            "kanmon-dev/kanmon/.github/workflows/release.yml",
            "kanmon-dev/kanmon/.github/workflows/rollback.yml",
        ),
        description="The workflows whose jobs get the roles, at any ref unless it is given; empty for all.",
    )
    existing_provider: bool = Field(
        False, description="The account has GitHub's identity provider already; it can have one only."
    )

    @model_validator(mode="after")
    def _both_ids(self) -> Self:
        if (self.repository_id is None) != (self.owner_id is None):
            raise ValueError("give both repository_id and owner_id, or neither")
        return self

    def subjects(self, context: str) -> tuple[str, ...]:
        """The `sub` claims of the repository's jobs in a context such as `environment:production`.

        GitHub sends ids beside the names for repositories created, renamed or moved after 15 July 2026,
        and for repositories with this setting
        (https://docs.github.com/en/actions/reference/security/oidc#immutable-subject-claims).
        An id is never a wildcard: an attacker could take over an abandoned name and get the roles.
        """
        plain = f"repo:{self.repository}:{context}"
        if self.repository_id is None:
            return (plain,)
        owner, name = self.repository.split("/")
        return (plain, f"repo:{owner}@{self.owner_id}/{name}@{self.repository_id}:{context}")

    @property
    def workflow_refs(self) -> tuple[str, ...]:
        """The trusted `job_workflow_ref` claims, as patterns."""
        return tuple(name if "@" in name else f"{name}@*" for name in self.workflows)
