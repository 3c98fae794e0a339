"""The ceiling of the permissions in the config."""

from __future__ import annotations

from kanmon.config.permissions import Statement, statements
from kanmon.config.section import Section


class Boundary(Section):
    """What an administrator allows to the roles of functions and state machines."""

    allow: tuple[Statement, ...] = statements(
        "The most that `permissions` may give, as IAM statements. `kanmon bootstrap` puts them into the "
        "permission boundary of all roles in the app's stacks. They grant nothing by themselves.",
        "ses:SendEmail",
    )
