"""The roles of the database, their passwords and addresses, and their rights (``rights.sql``), put in force by the owner."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.domain.errors import SettingsError
from orchestrator.store.short_locks import in_short_locks

#: Every role that has rights in ``rights.sql``; a machine's own login is a member of ``glr_runner``.
ROLES = ("glr_orchestrator", "glr_console", "glr_exporter", "glr_runner", "glr_reader")
RUNNER = "glr_runner"
#: Before the hashes of the rights that were in force, newest first, in the comment of our schema.
_RIGHTS = "rights "


class MissingRole(SettingsError):
    """Un rôle de la base manque."""

    def __init__(self, role: str) -> None:
        super().__init__(
            f"Le rôle « {role} » manque, et le propriétaire de la base ne peut pas le créer. À un administrateur "
            f"de PostgreSQL, avant de relancer : create role {role} login password '…'; (docs/guides/base-et-roles.md)."
        )


def role_urls(owner: str, secrets_folder: Path) -> dict[str, str]:
    """Return one connection string per role, with passwords kept in a 0600 file of the workspace."""
    passwords = _passwords(secrets_folder / "roles.json")
    return {role: make_conninfo(owner, user=role, password=passwords[role]) for role in ROLES}


async def ensure_roles(connection: psycopg.AsyncConnection, urls: Mapping[str, str]) -> None:
    """Create the roles that are missing, and give them the passwords of these addresses; one without any keeps its own.

    :param urls: by role.
    :raises MissingRole: the owner may not create roles.
    """
    for role in ROLES:
        password = conninfo_to_dict(urls[role]).get("password") if role in urls else None
        found = await (await connection.execute("select 1 from pg_roles where rolname = %s", [role])).fetchone()
        if found and password is None:
            continue
        verb = sql.SQL("alter role {} login") if found else sql.SQL("create role {} login")
        given = sql.SQL("" if password is None else " password {}").format(sql.Literal(password))
        try:
            await connection.execute(verb.format(sql.Identifier(role)) + given)
        except psycopg.errors.InsufficientPrivilege:
            if not found:
                raise MissingRole(role) from None


async def ensure_rights(connection: psycopg.AsyncConnection, migrations: list[str], *, force: bool = False) -> None:
    """Put ``rights.sql`` in force when it, or a migration, is new to this database; all of it or nothing.

    Rights that were in force before others are those of an older program: they are not put back, unless forced.
    """
    text = files("orchestrator.store").joinpath("rights.sql").read_text(encoding="utf-8")
    known = sha256("\n".join([text, *migrations]).encode()).hexdigest()
    found = await (await connection.execute("select obj_description('glr'::regnamespace)")).fetchone()
    in_force, *former = str(found[0]).removeprefix(_RIGHTS).split() if found and found[0] else [""]
    if known == in_force or (known in former and not force):
        return

    async def put() -> None:
        await connection.execute(text.encode())
        had = [each for each in (in_force, *former) if each and each != known]
        said = sql.Literal(_RIGHTS + " ".join([known, *had]))
        await connection.execute(sql.SQL("comment on schema glr is {}").format(said))

    await in_short_locks(connection, put)


async def allow_runner(connection: psycopg.AsyncConnection, login: str, caisse: str) -> None:
    """Let the runners of a login see the cases of a caisse."""
    await connection.execute(
        "insert into glr.runner_login (login, caisse) values (%s, %s) on conflict do nothing", [login, caisse]
    )


def _passwords(path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    if path.exists():
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"Le fichier {path} est lisible par d'autres : chmod 600 {path}")
        found = json.loads(path.read_text(encoding="ascii"))
    missing = {role: secrets.token_urlsafe(24) for role in ROLES if role not in found}
    if missing:
        found |= missing
        _write(path, found)
    return found


def _write(path: Path, passwords: Mapping[str, str]) -> None:
    """Write the passwords whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump(passwords, file)
    draft.rename(path)
