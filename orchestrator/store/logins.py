"""Logins of a database: a machine's own, and what a login that asks is here."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg
from psycopg import sql

from orchestrator.domain.errors import SettingsError
from orchestrator.store.roles import ROLES, RUNNER, allow_runner

_NAME = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a login is in a database."""

    #: Its name.
    login: str
    #: The roles of the house whose rights it has; the owner has none of them.
    roles: tuple[str, ...]
    #: Whose cases it sees, when it is a runner's.
    caisses: tuple[str, ...]
    #: Whether it may change the schema, or is above every right: too much for a process that runs all day.
    owns: bool
    #: Whether TLS carries this connection.
    encrypted: bool


async def give_login(connection: psycopg.AsyncConnection, name: str, password: str, caisse: str) -> None:
    """Make the login of a machine that runs robots of a caisse, or give it another password; run as owner.

    :raises SettingsError: the name does not fit, is a role's own, or the owner may not create roles.
    """
    if not _NAME.fullmatch(name) or name in ROLES:
        raise SettingsError("Compte attendu : 3 à 40 minuscules, chiffres ou _, une lettre d'abord (ex. glr_poste_12).")
    found = await (await connection.execute("select 1 from pg_roles where rolname = %s", [name])).fetchone()
    verb = sql.SQL("alter role {} login password {}" if found else "create role {} login password {}")
    try:
        async with connection.transaction():
            await connection.execute(verb.format(sql.Identifier(name), sql.Literal(password)))
            await connection.execute(sql.SQL("grant {} to {}").format(sql.Identifier(RUNNER), sql.Identifier(name)))
            await allow_runner(connection, name, caisse)
    except psycopg.errors.InsufficientPrivilege:
        raise SettingsError(
            f"Le propriétaire de la base ne peut pas créer de compte. À un administrateur de PostgreSQL, avant de relancer : "
            f"create role {name} login password '…' in role {RUNNER}; (docs/guides/base-et-roles.md)."
        ) from None


async def standing(connection: psycopg.AsyncConnection) -> Standing:
    """Say what the login of a connection is."""
    rows = await (
        await connection.execute(
            "select rolname from pg_roles where rolname = any (%s) and pg_has_role(session_user, oid, 'usage')",
            [list(ROLES)],
        )
    ).fetchall()
    above = await (
        await connection.execute(
            "select coalesce(pg_has_role(session_user, nspowner, 'usage'), false) from pg_namespace where nspname = 'glr'"
        )
    ).fetchone()
    roles = tuple(sorted(row[0] for row in rows))
    mine = await (await connection.execute("select glr.my_caisses()")).fetchone() if roles == (RUNNER,) else None
    return Standing(
        login=connection.info.user,
        roles=roles,
        caisses=tuple(mine[0]) if mine else (),
        owns=bool(above and above[0]),
        encrypted=bool(connection.pgconn.ssl_in_use),
    )
