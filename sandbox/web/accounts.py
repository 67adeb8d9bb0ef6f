"""Logins, locked accounts and sessions of one application."""

import secrets
import time
from dataclasses import dataclass

from sandbox.db import Store
from sandbox.stores import password_hash

TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Agent:
    """Who is logged in."""

    login: str
    role: str


class Accounts:
    """Accounts (in the store) and sessions (in memory: a restart ends them) of one application."""

    def __init__(self, store: Store, idle_seconds: float) -> None:
        self._store = store
        self._idle_seconds = idle_seconds
        self._sessions: dict[str, tuple[Agent, float]] = {}

    def log_in(self, login: str, password: str) -> str:
        """Open a session; returns its token, or `REFUS` / `VERROU` in capitals when it may not."""
        row = self._store.one("SELECT sel, empreinte, role, echecs FROM compte WHERE login = ?", login)
        if row is None:
            return "REFUS"
        salt, expected, role, failures = row
        if failures >= TRIES:
            return "VERROU"
        if not secrets.compare_digest(password_hash(salt, password), expected):
            self._store.run("UPDATE compte SET echecs = echecs + 1 WHERE login = ?", login)
            return "VERROU" if failures + 1 >= TRIES else "REFUS"
        self._store.run("UPDATE compte SET echecs = 0 WHERE login = ? AND echecs > 0", login)
        token = secrets.token_hex(16)
        self._sessions[token] = (Agent(login=login, role=role), time.monotonic())
        return token

    def agent(self, token: str) -> Agent | None:
        """The agent of a live session; each use keeps it alive."""
        found = self._sessions.get(token)
        if found is None:
            return None
        agent, used = found
        if time.monotonic() - used > self._idle_seconds:
            self.end(token)
            return None
        self._sessions[token] = (agent, time.monotonic())
        return agent

    def end(self, token: str) -> None:
        """End a session."""
        self._sessions.pop(token, None)
