"""A robot's desks at applications of both kinds; apart from contracts, which most processes read without any browser."""

from __future__ import annotations

from playwright.async_api import Browser

from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.applications import AnyContract
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_desk import TerminalDesk

AnyDesk = WebDesk | TerminalDesk


def desk_at(browser: Browser, contract: AnyContract, account: RobotAccount, *, pages_only: bool = False) -> AnyDesk:
    """Return a desk, not yet logged in; its owner discards it at the end."""
    if isinstance(contract, TerminalContract):
        return TerminalDesk(contract, account, browser)
    return WebDesk(browser, contract, account, pages_only=pages_only)
