"""Accounts of machines that deliver cases: made by the owner of the database; 256 random bits, of which a digest is kept."""

from __future__ import annotations

import re
import secrets
from hashlib import sha256

from orchestrator.domain.errors import SettingsError
from orchestrator.store.database import Transaction

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}", re.ASCII)


async def create_machine(tx: Transaction, login: str, caisse: str, scenario: str) -> str:
    """Create a machine that may deliver to one scenario, or give an existing one a new token; returns the token.

    Run as owner. Raises :class:`SettingsError` when the login does not fit.
    """
    if not _LOGIN.fullmatch(login):
        raise SettingsError("Identifiant attendu : 2 à 40 minuscules, chiffres, points ou tirets (ex. flux-arpege).")
    token = secrets.token_urlsafe(32)
    await tx.run("console.create_machine", login=login, caisse=caisse, scenario=scenario, token_digest=digest(token))
    await tx.record(caisse, "machine.created", login, scenario=scenario)
    return token


async def revoke_machine(tx: Transaction, login: str, caisse: str) -> None:
    """Have the token of a machine open nothing any more; run as owner."""
    if not await tx.run("console.revoke_machine", login=login, caisse=caisse):
        raise SettingsError(f"Aucune machine « {login} » dont le jeton vaut encore.")
    await tx.record(caisse, "machine.revoked", login)


def digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return sha256(token.encode()).digest()
