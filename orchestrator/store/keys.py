"""The keys that a database was filled with: another key file is refused before anything is read or written with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import psycopg

from orchestrator.domain.errors import SettingsError

#: What another key would do, by the name of the key.
_HARM = {
    "effect": "tout ce qui a été saisi serait oublié et pourrait être saisi à nouveau",
    "index": "aucune personne ne serait plus retrouvée par son NIR",
    "wrap": "aucun dossier ne pourrait être lu",
}
#: Where fingerprints are: that of the effect key alone, before there was one for each.
_KNOWN = {
    "key_fingerprint": "select name, fingerprint from glr.key_fingerprint",
    "effect_key": "select 'effect', fingerprint from glr.effect_key",
}


class WrongKeys(SettingsError):
    """Les clés ne sont pas celles de cette base."""

    def __init__(self, names: list[str]) -> None:
        harm = " ; ".join(_HARM[name] for name in names)
        super().__init__(
            f"Les clés de secrets/keys.json ne sont pas celles de cette base ({', '.join(names)}) : avec elles, {harm}. "
            "Rien n'a été fait. Remettre le fichier de clés d'origine, ou l'espace de travail (GLR_WORKSPACE) de cette base."
        )


class LostKeys(SettingsError):
    """Le fichier de clés manque, et cette base en connaît un."""

    def __init__(self) -> None:
        super().__init__(
            "secrets/keys.json manque, et cette base a été remplie avec un fichier de clés : un nouveau ferait oublier tout ce "
            "qui a été saisi. Rien n'a été fait. Remettre le fichier d'origine, d'après sa sauvegarde."
        )


class NoKeys(SettingsError):
    """Le fichier de clés manque sur cette machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} manque. Un poste qui n'est pas propriétaire de la base n'en fait pas : y copier, par un canal sûr, le "
            "fichier de clés de l'orchestrateur (chmod 600)."
        )


async def known_keys(connection: psycopg.AsyncConnection) -> dict[str, str]:
    """Return the fingerprints that a database knows, by key; none of a new one."""
    for table, text in _KNOWN.items():
        found = await (await connection.execute("select to_regclass(%s)", [f"glr.{table}"])).fetchone()
        if found and found[0] is not None:
            return dict(await (await connection.execute(text.encode())).fetchall())
    return {}


def refuse_other_keys(known: Mapping[str, str], fingerprints: Mapping[str, str]) -> None:
    """Raise :class:`WrongKeys` when one of them is not the one that is known."""
    wrong = sorted(name for name, one in known.items() if fingerprints[name] != one)
    if wrong:
        raise WrongKeys(wrong)


async def refuse_new_keys(owner: str) -> None:
    """Raise :class:`LostKeys` when this database was filled with keys: none are made in their place."""
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as connection:
        if await known_keys(connection):
            raise LostKeys


def try_keys(owner: str, fingerprints: Mapping[str, str]) -> None:
    """Raise :class:`WrongKeys` when these are not the keys of a database that is up to date."""
    with psycopg.connect(owner, autocommit=True) as connection:
        known: dict[str, str] = dict(connection.execute(_KNOWN["key_fingerprint"].encode()).fetchall())
    refuse_other_keys(known, fingerprints)


async def remember_keys(connection: psycopg.AsyncConnection, fingerprints: Mapping[str, str]) -> None:
    """Keep the fingerprint of each key that is not known yet."""
    for name, one in fingerprints.items():
        await connection.execute(
            "insert into glr.key_fingerprint (name, fingerprint) values (%s, %s) on conflict do nothing", [name, one]
        )
