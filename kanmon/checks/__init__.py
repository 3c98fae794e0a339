"""The room of smoke checks: requests with assertions, tried until they hold or time is up."""

from kanmon.checks.probe import Answer, Edge, Target, assess
from kanmon.checks.runner import CheckResult, Checks

__all__ = ["Answer", "CheckResult", "Checks", "Edge", "Target", "assess"]
