"""Is the database one that this program knows? Who may not change it is told what to do instead; a newer one nobody changes."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

import psycopg

from orchestrator.domain.errors import SettingsError


class NoHouse(SettingsError):
    """Cette base n'est pas prête, ou ce compte n'y a pas de droits."""

    def __init__(self, login: str) -> None:
        super().__init__(
            f"« {login} » ne voit rien de la maison dans cette base : elle n'est pas faite, ou ce compte n'est membre d'aucun "
            "de ses rôles. Sur la machine de l'orchestrateur, avec l'adresse du propriétaire (GLR_DATABASE_URL) : "
            "glr database migrate ; puis donner son rôle au compte (docs/guides/base-et-roles.md)."
        )


class OlderDatabase(SettingsError):
    """La base est d'une version plus ancienne que ce programme."""

    def __init__(self, lacking: list[str]) -> None:
        super().__init__(
            f"La base n'a pas encore les changements de cette version du programme ({', '.join(lacking)}). Sur la machine de "
            "l'orchestrateur, avec l'adresse du propriétaire (GLR_DATABASE_URL), à la même version : glr database migrate ; "
            "puis relancer ici."
        )


class NewerDatabase(SettingsError):
    """La base est d'une version plus récente que ce programme."""

    def __init__(self, unknown: list[str]) -> None:
        super().__init__(
            f"La base a des changements que cette version du programme ne connaît pas ({', '.join(unknown)}). Installer ici la "
            "version de l'orchestrateur (glr --version), puis relancer. Celle-ci n'y change rien."
        )


def migrations() -> list[str]:
    """Return the names of all migrations, in order."""
    folder = files("orchestrator.store").joinpath("migrations")
    return sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))


def newest() -> str:
    """Return the last migration that this program knows."""
    return migrations()[-1]


def schema_number() -> int:
    """Return the number of the last migration: what a database of this program is."""
    return int(migrations()[-1].partition("_")[0])


def refuse_newer(applied: Iterable[str]) -> None:
    """Raise :class:`NewerDatabase` for migrations that this program lacks: it would put rights of before in force."""
    unknown = set(applied) - set(migrations())
    if unknown:
        raise NewerDatabase(sorted(unknown))


async def check_schema(connection: psycopg.AsyncConnection) -> None:
    """Raise :class:`NoHouse`, :class:`OlderDatabase` or :class:`NewerDatabase` unless the schema is exactly ours."""
    try:
        rows = await (await connection.execute("select name from glr.migration")).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
        raise NoHouse(connection.info.user) from None
    found = {row[0] for row in rows}
    refuse_newer(found)
    lacking = set(migrations()) - found
    if lacking:
        raise OlderDatabase(sorted(lacking))
