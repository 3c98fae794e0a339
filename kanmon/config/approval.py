"""The rules for the approval of a deploy."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from kanmon.config.section import MistakeError, Section
from kanmon.language import phrase


class ApprovalRules(Section):
    """The rules for an approval. A branch rule always applies."""

    reviewers: bool = Field(
        True,
        description="`false`: the GitHub environment may have no required reviewers, such as `staging` "
        "before a reviewed `production`. Each push to the release branch is released there then. A branch "
        "rule is needed all the same. If the environment has reviewers, they approve as before.",
    )
    prevent_self_review: bool = Field(
        False,
        description="`true`: a person can't approve a run that they started themselves. Also turn on "
        "*Prevent self-review* in the GitHub environment; otherwise Kanmon refuses the deploy.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.prevent_self_review and not self.reviewers:
            raise MistakeError(
                phrase(
                    "`prevent_self_review` needs somebody else's review, and `reviewers: false` needs none."
                ),
                phrase("Remove one of the two."),
                at=("prevent_self_review",),
            )
        return self
