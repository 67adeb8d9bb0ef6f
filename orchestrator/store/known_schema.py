"""Is the database one that this program knows? Asked by processes that may not change it: they say what to do instead."""

from __future__ import annotations

import psycopg

from orchestrator.domain.errors import SettingsError
from orchestrator.store.migrate import migrations


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
            "version de l'orchestrateur (glr --version), puis relancer. Rien n'a été fait."
        )


async def check_schema(connection: psycopg.AsyncConnection) -> None:
    """Raise :class:`NoHouse`, :class:`OlderDatabase` or :class:`NewerDatabase` unless the schema is exactly ours."""
    try:
        rows = await (await connection.execute("select name from glr.migration")).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege):
        raise NoHouse(connection.info.user) from None
    found, ours = {row[0] for row in rows}, set(migrations())
    if found - ours:
        raise NewerDatabase(sorted(found - ours))
    if ours - found:
        raise OlderDatabase(sorted(ours - found))
