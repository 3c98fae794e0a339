"""The rule `requires`: a bundle comes here only after another environment had it as a stable release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.ledger.records import Release
    from kanmon.release.ports import Services


def required_release(services: Services, config: Config, bundle: str) -> Release | None:
    """The release of the required environment with this bundle; None when the config requires none.

    The content decides, not the config: each environment has one of its own. Only that environment's deploy
    role writes the record. Raises NOT_STABLE_BEFORE.
    """
    if config.requires is None:
        return None
    found = services.other_ledger(config.requires).stable_release(bundle)
    if found is None:
        problem = phrase(
            "The bundle {bundle} was never stable in {environment}, as far as the ledger in this account and "
            "region knows; a release that was rolled back does not count.",
            bundle=bundle[:12],
            environment=config.requires,
        )
        fix = phrase(
            "Release the same bundle with `kanmon deploy --env {environment}`. Then plan again.",
            environment=config.requires,
        )
        raise KanmonError(Code.NOT_STABLE_BEFORE, problem, where=f"requires: {config.requires}", fix=fix)
    return found
