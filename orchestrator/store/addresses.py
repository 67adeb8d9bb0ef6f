"""Addresses of a database: TLS proves who answers there, or it is this machine, or somebody has said that it need not be.

A machine that is cut off hears nothing, not even an end: without limits a connection waits for a quarter of an hour, or
for ever when it has nothing to send. Each connection to another machine has those of :data:`LIMITS`, so that a host knows
before its leases have run out (ADR 37).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from orchestrator.domain.errors import SettingsError

#: When a server that no longer answers is given up, in words of libpq. What was sent and not acknowledged for 10 s ends the
#: connection; one without traffic asks after 5 s and every 5 s, and ends after 10 s without an answer: some 15 s, of the
#: 25 s in which a lease lets an act start. Not less: a switch that restarts, or a base that changes place, takes some seconds.
LIMITS = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
#: What libpq says of a server that may be another than it seems, and what that means.
_UNTRUSTED = {
    "does not match host name": "son certificat est au nom d'un autre : reprendre le nom exact du serveur dans l'adresse",
    "certificate verify failed": "son certificat n'est pas signé par l'autorité de sslrootcert",
    "root certificate file": "le fichier de sslrootcert, l'autorité de certification interne, ne se lit pas",
    "server does not support SSL": "il ne parle pas TLS : l'activer sur le serveur (ssl = on)",
    "password authentication failed": "le mot de passe, ou le compte, est refusé",
    "no pg_hba.conf entry": "le serveur n'admet pas ce compte depuis cette machine (pg_hba.conf)",
}


class ClearAddress(SettingsError):
    """Une base d'une autre machine se joint par TLS."""

    def __init__(self, variable: str, host: str) -> None:
        super().__init__(
            f"{variable} : la base est sur une autre machine ({host}) et l'adresse n'exige pas TLS. Des dossiers y passeraient "
            "en clair, ou chez un autre qui se fait passer pour elle. Ajouter à l'adresse "
            "sslmode=verify-full&sslrootcert=/chemin/autorite.pem (docs/guides/base-et-roles.md). Sur un réseau déjà "
            "chiffré de bout en bout, et seulement là : GLR_DATABASE_CLEAR=true."
        )


class Unreachable(SettingsError):
    """La base de cette adresse ne s'ouvre pas."""

    def __init__(self, host: str, why: str) -> None:
        super().__init__(f"La base de {host or 'cette machine'} ne s'ouvre pas : {why}. Rien n'a été fait.")


class Addresses(dict[str, str]):
    """The addresses that a process has, by role; one that it lacks is asked for by name.

    :param variables: where the address of each role is read.
    """

    def __init__(self, given: Mapping[str, str], variables: Mapping[str, str]) -> None:
        super().__init__(given)
        self._variables = variables

    def __missing__(self, role: str) -> str:
        had = ", ".join(sorted(self)) or "aucune"
        who = "du propriétaire de la base" if role == "owner" else f"du rôle {role}"
        raise SettingsError(
            f"Cette commande demande l'adresse {who} ({self._variables.get(role, role)}), que ce processus n'a pas "
            f"(il a : {had}). La lancer sur la machine qui l'a."
        )


def checked(variable: str, url: str, *, clear: bool, authority: Path | None = None) -> str:
    """Return the address, another machine's with :data:`LIMITS`; raises :class:`ClearAddress` without proof of who answers.

    :param variable: where it was read.
    :param clear: True when somebody has said that it need not be proven.
    :param authority: the PEM file that proves it when the address names none.
    """
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise SettingsError(
            f"{variable} n'est pas une adresse de PostgreSQL (postgresql://compte@serveur/base)."
        ) from None
    asked = _defaults() | given
    # hostaddr says where, host says who: both are looked at
    places = [*str(asked.get("hostaddr") or "").split(","), *str(asked.get("host") or "").split(",")]
    far = [place for place in places if not _is_here(place)]
    if far and asked.get("sslmode") != "verify-full" and not clear:
        raise ClearAddress(variable, far[0])
    added = (LIMITS if far else {}) | ({"sslrootcert": str(authority)} if authority else {})
    missing = {name: value for name, value in added.items() if name not in asked}
    return make_conninfo(url, **missing) if missing else url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[psycopg.AsyncConnection]:
    """Open one connection; raises :class:`Unreachable` with what to do when it is refused or somebody else answers."""
    try:
        connection = await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=15)
    except psycopg.OperationalError as error:
        why = next((why for sign, why in _UNTRUSTED.items() if sign in str(error)), None)
        if why is None:
            raise
        raise Unreachable(str(conninfo_to_dict(url).get("host") or ""), why) from None
    async with connection:
        yield connection


def _defaults() -> dict[str, str]:
    """Return what libpq takes when an address does not say it: its own variables (PGHOST, PGSSLMODE …)."""
    return {option.keyword.decode(): option.val.decode() for option in Conninfo.get_defaults() if option.val}


def _is_here(place: str) -> bool:
    """Say whether a place is this machine: nothing (a socket), a socket's folder, a loop-back address."""
    if place in {"", "localhost"} or place.startswith(("/", "@")):
        return True
    try:
        return ip_address(place).is_loopback
    except ValueError:
        return False
