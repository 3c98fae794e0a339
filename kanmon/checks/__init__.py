"""The room of checks: requests with assertions, tried until they hold or time is up; and alarms."""

from kanmon.checks.alarms import Alarms, FiringAlarm
from kanmon.checks.probe import Answer, Edge, Target, assess
from kanmon.checks.runner import CheckResult, Checks

__all__ = ["Alarms", "Answer", "CheckResult", "Checks", "Edge", "FiringAlarm", "Target", "assess"]
