"""The triggers of the user pool: parameters of the foundation, so that they can move with the live release.

There is one pool, and each function is in two slots. The foundation's template has every trigger, each with a
parameter for its function's name, and one parameter for the slot. So the same template serves each release:
an update of the foundation before a release is live leaves the pool with the functions of the old release,
also when the new one adds or removes a trigger. A change set of these parameters alone moves the pool.

Refused: UpdateUserPool resets each setting that the call leaves out
(https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html), and
CloudFormation would not know the result. A function between the pool and the slots would take its time of the
5 seconds that Cognito waits, and would be in the way of every login. An alias belongs to one function, so it
can't point into the other slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.user_pool_triggers import TRIGGERS
from kanmon.language import phrase
from kanmon.model import Record
from kanmon.naming import FOUNDATION, Parameter, logical_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.model import Slot
    from kanmon.stacks.cloudformation import DeployedStack

NO_SLOT = "none"
"""The slot of a pool without triggers."""
# No parameter has the name of a secret: CloudFormation shows its value.
_NAMES = {"pre_token_generation": "PreClaims", "pre_token_generation_v2": "PreClaimsV2"}
POOL_PARAMETERS = {_NAMES.get(key) or logical_id(key): key for key in TRIGGERS}
"""The parameter with the name of each trigger's function, and the trigger's key in the config."""
_WITHOUT = {Parameter.USER_TRIGGERS.value: NO_SLOT} | dict.fromkeys(POOL_PARAMETERS, "")


class TriggerChange(Record):
    """A trigger of the user pool: the function that it calls after a release, and before. Empty: none."""

    trigger: str
    function: str
    before: str

    def __str__(self) -> str:
        """The change for people."""
        none = phrase("none")
        if self.function == self.before:
            return f"{self.trigger}: {self.function}"
        return phrase(
            "{trigger}: {function}, before: {former}",
            trigger=self.trigger,
            function=self.function or none,
            former=self.before or none,
        )


def user_triggers(config: Config, slot: Slot) -> dict[str, str]:
    """The foundation's parameters for the triggers of a release in `slot`; none without a pool."""
    if config.user_pool is None:
        return {}
    named = config.user_pool.triggers.named
    functions = {parameter: named.get(key, "") for parameter, key in POOL_PARAMETERS.items()}
    return {Parameter.USER_TRIGGERS: slot.value if named else NO_SLOT} | functions


def triggers_of(parameters: Mapping[str, str]) -> dict[str, str]:
    """The triggers among a foundation's parameters: no function for those that it lacks."""
    return {key: parameters.get(key, value) for key, value in _WITHOUT.items()}


def trigger_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[TriggerChange, ...]:
    """The triggers after a release, and what was before. The foundation's parameters are given."""
    old, new = called(before), called(after)
    return tuple(
        TriggerChange(trigger=key, function=new.get(key, ""), before=old.get(key, ""))
        for key in TRIGGERS
        if key in old | new
    )


def called(parameters: Mapping[str, str]) -> dict[str, str]:
    """The functions that a pool calls by these parameters, by trigger."""
    return {key: name for parameter, key in POOL_PARAMETERS.items() if (name := parameters.get(parameter))}


def still_live(kind: str, parameters: Mapping[str, str], existing: DeployedStack | None) -> dict[str, str]:
    """The parameters of a deploy's change set: the pool's triggers stay those of the live release."""
    if kind != FOUNDATION:
        return dict(parameters)
    present = triggers_of(existing.parameters if existing else {})
    return {key: present.get(key, value) for key, value in parameters.items()}
