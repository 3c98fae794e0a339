"""The account's room for reserved concurrency, looked at before anything changes.

Both slots exist at the same time, so each needs its own. Without room, Lambda would refuse in the middle of a
release, and the one after it could not be made at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.model import SLOTS
from kanmon.naming import SLOT, stack_name

if TYPE_CHECKING:
    from kanmon.release.ports import Services
    from kanmon.stacks.spec import StackSpec

_RESERVED = re.compile(r"^      ReservedConcurrentExecutions: (\d+)$", re.MULTILINE)
_UNRESERVED = 100
"""Executions that Lambda leaves to functions without a reservation; all of a smaller quota.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
https://github.com/aws-samples/s3-to-lambda-patterns/issues/36"""


def refuse_overdrawn(services: Services, prefix: str, slot: StackSpec) -> None:
    """Raise CONCURRENCY_MISSING if the account has no room for a new slot, or for the release after it.

    AWS is asked only if a function of the slot reserves concurrency.
    """
    wanted = _reserved_in(slot.body)
    if not wanted:
        return
    names = {stack_name(prefix, SLOT, one) for one in SLOTS}
    now = {name: _reserved_in(services.stacks.body(name)) for name in names if services.stacks.find(name)}
    account = services.functions.concurrency()
    free = account.unreserved + sum(now.values()) - min(account.quota, _UNRESERVED)
    live = sum(count for name, count in now.items() if name != slot.name)
    # The release after this one replaces the slot that is live now.
    needed = wanted + max(wanted, live)
    if needed > free:
        raise KanmonError(
            Code.CONCURRENCY_MISSING,
            phrase(
                "The functions reserve {wanted} concurrent executions. Both slots need {needed} together, "
                "and the account has room for {free} with its quota of {quota}.",
                wanted=wanted,
                needed=needed,
                free=max(free, 0),
                quota=account.quota,
            ),
            where=slot.name,
        )


def _reserved_in(body: str) -> int:
    """The concurrency that the functions of a template reserve together."""
    return sum(map(int, _RESERVED.findall(body)))
