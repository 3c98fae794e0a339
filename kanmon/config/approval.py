"""The rules for the GitHub environment."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section


class ApprovalRules(Section):
    """Rules for the GitHub environment, in addition to required reviewers and a branch rule."""

    prevent_self_review: bool = Field(
        False, description="Nobody may approve a run that they started; the environment must say so too."
    )
