"""The console: where agents settle what robots set aside, and supervisors watch runs and approve entries."""

from orchestrator.console.app import create_console
from orchestrator.console.world import ConsoleWorld

__all__ = ["ConsoleWorld", "create_console"]
