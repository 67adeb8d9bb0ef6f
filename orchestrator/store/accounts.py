"""Accounts of people: made by the owner of the database, checked by the console; argon2id, nothing else is stored."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from orchestrator.domain.errors import SettingsError
from orchestrator.store.database import Transaction

#: OWASP's second choice of parameters for argon2id: 19 MiB, 2 passes, 1 lane (about 25 ms on one core).
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)
_SHORTEST = 12


class Role(StrEnum):
    """What an account may do in the console."""

    #: Settles exceptions.
    AGENT = "agent"
    #: Watches runs, approves entries, reopens applications; may settle too.
    SUPERVISOR = "supervisor"
    #: The accounting control: judges the bordereaux of runs; settles nothing.
    ACCOUNTING = "accounting"


async def create_account(
    tx: Transaction,
    login: str,
    caisse: str,
    name: str,
    role: str,
    password: str,
    *,
    restricted_queues: bool = False,
) -> None:
    """Create an account, or give an existing one these values again and unlock it; run as owner.

    :param login: 2 to 40 lower-case letters, digits, dots, dashes; the actor of its acts is ``agent:<login>``.
    :param name: as shown to colleagues.
    :param password: at least 12 characters; only its argon2id hash is stored.
    :param restricted_queues: whether sensitive cases are shown.
    :raises SettingsError: login or password do not fit.
    """
    if not _LOGIN.fullmatch(login):
        raise SettingsError("Identifiant attendu : 2 à 40 minuscules, chiffres, points ou tirets (ex. a.martin).")
    if len(password) < _SHORTEST:
        raise SettingsError(f"Mot de passe trop court : {_SHORTEST} caractères au moins.")
    await tx.run(
        "console.create_account",
        login=login,
        caisse=caisse,
        display_name=name,
        role=Role(role).value,
        password_hash=_HASHER.hash(password),
        restricted_queues=restricted_queues,
    )


def matches(password_hash: str | None, password: str) -> bool:
    """Say whether a password is the one; takes as long when there is no account (CPU: call it in a thread)."""
    try:
        return _HASHER.verify(password_hash or _nobody(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@dataclass(frozen=True, kw_only=True)
class Person:
    """An active account whose password was given."""

    #: Its login.
    login: str
    #: Whether sensitive cases are shown to it.
    restricted: bool
    #: What it may do.
    role: Role


async def person(tx: Transaction, caisse: str, login: str, password: str) -> Person:
    """Return the active account of the caisse that has this password; raises ``SettingsError`` when there is none."""
    row = await tx.first("console.account_to_check", login=login, caisse=caisse)
    known = row["password_hash"] if row and row["active"] and not row["locked"] else None
    if not await asyncio.to_thread(matches, known, password) or row is None:
        raise SettingsError(f"Mot de passe refusé, ou « {login} » n'a pas de compte actif dans cette caisse.")
    return Person(login=login, restricted=row["restricted_queues"], role=Role(row["role"]))


@cache
def _nobody() -> str:
    """Return the hash that is verified when the login is unknown, so that the answer takes as long."""
    return _HASHER.hash(secrets.token_urlsafe())
