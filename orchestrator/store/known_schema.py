"""Is the database one that this program knows? Who may not change it is told what to do; a newer one stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from orchestrator.domain.errors import SettingsError
from orchestrator.store.compatibility import may_run_beside


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
            "La base a des changements que cette version du programme ne connaît pas et avec lesquels elle ne peut pas tourner "
            f"({', '.join(unknown)}). Installer ici la version de l'orchestrateur (glr --version), puis relancer. Celle-ci n'y "
            "change rien."
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


def refuse_newer(applied: Mapping[str, str | None]) -> bool:
    """Say whether a database is newer than this program; raise :class:`NewerDatabase` when they cannot go together.

    :param applied: its migrations, each with the one that a program has to know to run beside it.
    """
    known = migrations()
    unknown = {name: oldest for name, oldest in applied.items() if name not in known}
    if unknown and (not may_run_beside(known, unknown) or set(known) - set(applied)):
        raise NewerDatabase(sorted(unknown))
    return bool(unknown)


async def applied_in(connection: psycopg.AsyncConnection[Any]) -> dict[str, str | None]:
    """Return the migrations of a database, each with the one that a program has to know to run beside it."""
    asked = "select name, to_jsonb(migration) ->> 'compatible_from' from glr.migration"  # a column since 0030
    async with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(await (await cursor.execute(asked)).fetchall())


async def check_schema(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise :class:`NoHouse`, :class:`OlderDatabase` or :class:`NewerDatabase` unless this program may run on the schema."""
    try:
        found = await applied_in(connection)
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
        raise NoHouse(connection.info.user) from None
    lacking = set(migrations()) - set(found)
    if lacking and set(found) <= set(migrations()):
        raise OlderDatabase(sorted(lacking))
    refuse_newer(found)
