"""What an environment has, by plain names: addresses, ids, ARNs, log groups, all outputs of its stacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.model import SLOTS, Slot
from kanmon.naming import (
    FOUNDATION,
    OBSERVABILITY,
    Output,
    api_logs,
    canary_logs,
    database_cluster,
    database_logs,
    slot_logs,
    stack_name,
    state_machine_logs,
    unique_id,
)
from kanmon.release.stack_outputs import outputs_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.release.ports import Services

Named = dict[str, "str | Named"]
"""Values by their names, in groups."""


@dataclass(frozen=True)
class Addresses:
    """Where people look at an environment. Each is empty as long as its stack is missing."""

    url: str
    """The app."""
    dashboard: str


def read_outputs(services: Services, config: Config, url: str) -> Named:
    """All outputs of an environment. What no stack has yet is left out. `url` is the app's address."""
    stacks = outputs_of(services, config, services.ledger.head().pointer.slot)
    foundation = stacks.get(FOUNDATION, {})
    found: Named = {
        "url": url,
        "api": f"{url}{config.api.prefix}" if url and config.api else "",
        "dashboard": stacks.get(OBSERVABILITY, {}).get(Output.DASHBOARD, ""),
        **_of_foundation(config, foundation),
        "logs": dict(_logs(config)) if stacks else {},
        "stacks": {kind: dict(outputs) for kind, outputs in stacks.items()},
    }
    return _filled(found)


def read_addresses(services: Services, config: Config, url: str) -> Addresses:
    """The addresses of an environment. `url` is the app's own."""
    observability = services.stacks.find(stack_name(config.prefix, OBSERVABILITY, Slot.NONE))
    return Addresses(url, observability.outputs.get(Output.DASHBOARD, "") if observability else "")


def flat(outputs: Named, above: str = "") -> dict[str, str]:
    """The same values with names such as `secrets.jwt`."""
    found: dict[str, str] = {}
    for name, value in outputs.items():
        found |= {f"{above}{name}": value} if isinstance(value, str) else flat(value, f"{above}{name}.")
    return found


def _of_foundation(config: Config, outputs: Mapping[str, str]) -> Named:
    def named(section: str, ending: str) -> Named:
        return {
            name: outputs.get(f"{unique_id(name)}{ending}", "") for name in sorted(getattr(config, section))
        }

    return {
        "database": {
            "host": outputs.get("DatabaseHost", ""),
            "port": outputs.get("DatabasePort", ""),
            "secret": outputs.get("DatabaseSecretArn", ""),
        },
        "user_pool": {
            "id": outputs.get("UserPoolId", ""),
            "client_id": outputs.get("UserPoolClientId", ""),
        },
        "secrets": named("secrets", "SecretArn"),
        "queues": named("queues", "QueueUrl"),
    }


def _logs(config: Config) -> Named:
    """The log groups: in a slot's are all its functions."""
    prefix = config.prefix
    found: Named = {slot.value: slot_logs(prefix, slot) for slot in SLOTS} if config.functions else {}
    if config.state_machines:
        found |= {f"state_machines_{slot.value}": state_machine_logs(prefix, slot) for slot in SLOTS}
    if config.api:
        found |= {"api": api_logs(prefix), "canary": canary_logs(prefix)}
    if config.database:
        found["database"] = database_logs(database_cluster(prefix))
    return found


def _filled(outputs: Named) -> Named:
    """The outputs without empty values and empty groups."""
    inner = {name: value if isinstance(value, str) else _filled(value) for name, value in outputs.items()}
    return {name: value for name, value in inner.items() if value}
