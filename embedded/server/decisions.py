"""What IAM decided: each caller's allowed actions, and every denial."""

from __future__ import annotations

_allowed: set[tuple[str, str]] = set()
_denied: list[tuple[str, str, str]] = []


def record(caller: str, action: str, resource: str, *, allowed: bool) -> None:
    """Remember a decision. `caller` is an ARN; of a role's holder, only the role counts."""
    segments = caller.split("/")
    role = segments[1] if ":assumed-role/" in caller else segments[-1]
    if allowed:
        _allowed.add((role, action))
    else:
        _denied.append((role, action, resource))


def shown() -> dict[str, list[list[str]]]:
    """All decisions so far, as JSON takes them."""
    return {"allowed": [list(one) for one in sorted(_allowed)], "denied": [list(one) for one in _denied]}
