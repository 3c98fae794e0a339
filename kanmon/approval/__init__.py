"""The room of approval: who lets a plan through, and how that is known."""

from kanmon.approval.terminal import Approvable, TerminalApproval

__all__ = ["Approvable", "TerminalApproval"]
