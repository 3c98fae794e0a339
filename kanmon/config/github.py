"""The GitHub repository with access to AWS."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import Name
from kanmon.config.workflows import FILES, pinned
from kanmon.language import deferred, phrase

_OWNER = r"[A-Za-z0-9][A-Za-z0-9-]{0,38}"
_REPOSITORY = r"[A-Za-z0-9._-]{1,100}"


WorkflowRef = Annotated[
    str,
    written(
        rf"^{_OWNER}/{_REPOSITORY}/\.github/workflows/[A-Za-z0-9._-]+\.ya?ml(@[A-Za-z0-9._/-]+)?$",
        deferred("Write owner, repository and file of the workflow, then `@` and a ref."),
        "octo/shop/.github/workflows/nightly.yml@refs/heads/main",
    ),
]
"""A workflow file with a ref, such as `octo/shop/.github/workflows/nightly.yml@refs/heads/main`."""


def _with_ref(name: str) -> str:
    if "@" not in name and name not in FILES:
        raise MistakeError(
            phrase("The workflow has no ref, so any version of the file would get the roles."),
            phrase("Write its branch, tag or commit, such as `{name}@refs/heads/main`.", name=name),
        )
    return name


class Github(Section):
    """The app's repository on GitHub, and the workflows with access to AWS."""

    repository: Annotated[
        str,
        written(
            rf"^{_OWNER}/{_REPOSITORY}$",
            deferred(
                "Write the owner's and the repository's name, with `/` between them and without `https://`."
            ),
            "octo/shop",
        ),
    ] = Field(description="The app's repository on GitHub, as `owner/name`: `octo/shop`.")
    repository_id: int | None = Field(
        None,
        ge=1,
        examples=[456],
        description="The repository's id, together with `owner_id`. `gh api repos/OWNER/NAME --jq .id` "
        "prints it. A repository created, renamed or moved after 15 July 2026 needs "
        "both. With them, nobody gets the roles by taking over an abandoned name.",
    )
    owner_id: int | None = Field(
        None,
        ge=1,
        examples=[123],
        description="The owner's id, together with `repository_id`. `gh api repos/OWNER/NAME --jq .owner.id` "
        "prints it.",
    )
    environments: tuple[Name, ...] = Field(
        (),
        examples=[["staging", "production"]],
        description="All environments of the app, if each has a file of its own: `[staging, production]`. "
        "Write the same list into the config of each environment, because one stack holds the roles of all. "
        "An environment outside the list loses its roles at the next `kanmon bootstrap`.",
    )
    branch: Annotated[
        str,
        written(
            r"^[A-Za-z0-9._/-]+$",
            deferred("Use the branch's name, without spaces and `refs/heads/`."),
            "main",
        ),
    ] = Field(
        "main",
        description="The branch of your releases. Only its jobs can take the plan role, so nobody can make a "
        "plan from another branch.",
    )
    workflows: tuple[Annotated[WorkflowRef, AfterValidator(_with_ref)], ...] = Field(
        FILES,
        description="The workflow files for jobs with the roles, each with `@` and its ref. Kanmon's two "
        "files need no ref: then the roles trust the commit and the tag of this version of Kanmon, and after "
        "an upgrade also those of the version before. `[]` lets every workflow of the repository in. Run "
        "`kanmon bootstrap` after a change, and after an upgrade of Kanmon before you change your workflow "
        "files.",
    )
    existing_provider: bool = Field(
        False,
        description="`true`: the AWS account has GitHub's identity provider already, for example from "
        "another app. An account can have only one, so Kanmon then makes none.",
    )

    @model_validator(mode="after")
    def _both_ids(self) -> Self:
        if (self.repository_id is None) != (self.owner_id is None):
            raise MistakeError(
                phrase("`repository_id` and `owner_id` belong together, and one of them is missing."),
                phrase(
                    "Add the other one. This prints both: `gh api repos/{repository} --jq '.id, .owner.id'`.",
                    repository=self.repository,
                ),
            )
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
        """The trusted `job_workflow_ref` claims."""
        return tuple(ref for name in self.workflows for ref in ((name,) if "@" in name else pinned(name)))
