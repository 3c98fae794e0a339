"""The rules for the approval of a deploy."""

from __future__ import annotations

from pydantic import Field

from kanmon.config.section import Section


class ApprovalRules(Section):
    """More rules for an approval. Two rules always apply: required reviewers and a branch rule."""

    prevent_self_review: bool = Field(
        False,
        description="`true`: a person can't approve a run that they started themselves. Also turn on "
        "*Prevent self-review* in the GitHub environment; otherwise Kanmon refuses the deploy.",
    )
