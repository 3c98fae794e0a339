"""The room of approval: who lets a plan through, and how that is known."""

from kanmon.approval.terminal import TerminalApproval

__all__ = ["TerminalApproval"]
