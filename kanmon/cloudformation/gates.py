"""The names of the composite alarms that gate a release, which a bake watches, and of whom alarms tell."""

from __future__ import annotations


def slot_gate(prefix: str, slot: str) -> str:
    """The gate of one slot, in the slot's own stack."""
    return f"{prefix}-{slot}-gate"


def app_gate(prefix: str) -> str:
    """The gate of what both slots share, in the observability stack."""
    return f"{prefix}-gate"


def alarm_topic(prefix: str) -> str:
    """The topic that all alarms tell, in the observability stack."""
    return f"{prefix}-alarms"
