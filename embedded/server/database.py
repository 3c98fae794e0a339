"""Asks the database process (embedded/database) to create, change and drop databases."""

from __future__ import annotations

import json
import socket
from typing import Any

TIMEOUT_SECONDS = 60.0
_facts: dict[str, Any] = {}


def connect(facts: dict[str, Any]) -> None:
    """Remember where the database process listens, and its token."""
    _facts.update(facts)


def host() -> str:
    """Where clusters are reached."""
    return str(_facts["host"])


def ask(action: str, cluster: str, **details: str) -> Any:
    """One request; its failure becomes the resource's failure."""
    request = {"token": _facts["token"], "action": action, "cluster": cluster, **details}
    with socket.create_connection(tuple(_facts["control"]), TIMEOUT_SECONDS) as connection:
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as answers:
            answer = json.loads(answers.readline())
    if "error" in answer:
        raise ValueError(f"The embedded database refused {action} of {cluster}: {answer['error']}")
    return answer["result"]
