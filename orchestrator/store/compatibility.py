"""Which programs may run beside a migration: its first line says so (ADR 40).

``-- expand: …``
    adds only: every program that can run beside a newer database may.
``-- contract after NNNN_name.sql: …``
    takes away what programs that know that migration do not use any more: those, and no older one.

``-- stop all: …``
    a program must know the migration itself, as with those of before: stop all, migrate, start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files

import psycopg

from orchestrator.domain.errors import SettingsError

#: The first migration whose programs can run beside a newer database.
FIRST = "0030_many_machines.sql"
_EXPAND = re.compile(r"-- expand\b")
_CONTRACT = re.compile(r"-- contract after (\d{4}_\w+\.sql)\b")

_LIVING = """
    select host, pid, to_jsonb(runner) ->> 'program', to_jsonb(runner) ->> 'knows',
           ceil(extract(epoch from now() - last_seen))::integer
    from glr.runner where stopped_at is null and last_seen > now() - interval '30 seconds'
    order by host, pid
"""


class RunnersStillThere(SettingsError):
    """Des postes vivants se servent encore de ce que cette mise à jour retire."""

    def __init__(self, names: Iterable[str], runners: Iterable[str]) -> None:
        super().__init__(
            f"Cette mise à jour ({', '.join(names)}) retire ce dont des postes encore vivants se servent : "
            f"{' ; '.join(runners)}. Les arrêter d'abord (systemctl stop 'glr-runner@*' : chaque session finit son dossier) et "
            "tout glr serve de la version d'avant, puis relancer. Rien n'a été changé. S'ils sont déjà morts : attendre "
            "30 secondes, ou glr database migrate --force."
        )


def statements(name: str) -> str:
    """Return the text of a migration."""
    return files("orchestrator.store").joinpath("migrations", name).read_text(encoding="utf-8")


def compatible_from(name: str) -> str | None:
    """Return the newest migration that a program has to know to run beside this one; None: this one itself."""
    return said_by(statements(name))


def said_by(text: str) -> str | None:
    """Return what the first line of a migration says."""
    if _EXPAND.match(text):
        return FIRST
    found = _CONTRACT.match(text)
    return found.group(1) if found else None


def may_run_beside(known: Iterable[str], unknown: Mapping[str, str | None]) -> bool:
    """True when a program that knows these migrations may run beside those that it does not know."""
    mine = set(known)
    return all(oldest in mine for oldest in unknown.values())


async def refuse_living(connection: psycopg.AsyncConnection, pending: Iterable[str]) -> None:
    """Raise :class:`RunnersStillThere` when a living runner does not know what it must to run beside these migrations."""
    asked = {name: compatible_from(name) or name for name in pending}
    rows = await (await connection.execute(_LIVING.encode())).fetchall()
    late = {name: [row for row in rows if (row[3] or "") < oldest] for name, oldest in asked.items()}
    names = [name for name, found in late.items() if found]
    if names:
        told = sorted({f"{host} (pid {pid}, version {program or 'plus ancienne'}, vu il y a {seconds} s)"
                       for found in late.values() for host, pid, program, _, seconds in found})  # fmt: skip
        raise RunnersStillThere(names, told)
