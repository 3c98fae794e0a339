"""GitHub Actions on loopback: executes an app's workflow files as GitHub would, by `act` in host mode."""

from .execution import Execution
from .service import Actions, Machine

__all__ = ["Actions", "Execution", "Machine"]
