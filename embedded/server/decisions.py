"""What IAM decided: each role's allowed actions, and every denial."""

from __future__ import annotations

_allowed: set[tuple[str, str]] = set()
_denied: list[tuple[str, str, str]] = []


def record(caller: str, action: str, resource: str, *, allowed: bool) -> None:
    """Remember a decision. `caller` is an ARN. A denial also has the name that a role's holder took."""
    name = caller.partition("assumed-role/")[2] or caller.rpartition("/")[2]
    if allowed:
        _allowed.add((name.partition("/")[0], action))
    else:
        _denied.append((name, action, resource))


def shown() -> dict[str, list[list[str]]]:
    """All decisions so far, as JSON takes them."""
    return {"allowed": [list(one) for one in sorted(_allowed)], "denied": [list(one) for one in _denied]}
