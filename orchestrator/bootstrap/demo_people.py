"""The people of a demonstration, with their accounts in the console."""

from __future__ import annotations

import json
import secrets

from orchestrator.bootstrap.world import World
from orchestrator.store.accounts import create_account
from orchestrator.store.database import Database

#: By login: name, role, whether sensitive cases are shown.
_PEOPLE = {
    "agent": ("Agent de démonstration", "agent", False),
    "superviseur": ("Superviseur de démonstration", "supervisor", True),
    "responsable": ("Responsable du robot de démonstration", "supervisor", False),
    "controle": ("Contrôle comptable de démonstration", "accounting", True),
}


async def ensure_people(world: World) -> dict[str, str]:
    """Create the demo's accounts once; returns login and password of each, kept in a 0600 file."""
    path = world.settings.secrets / "people.json"
    people: dict[str, str] = json.loads(path.read_text(encoding="ascii")) if path.exists() else {}
    missing = {login: secrets.token_urlsafe(12) for login in _PEOPLE if login not in people}
    if missing:
        async with Database(world.urls["owner"], size=1) as database, database.transaction("demo") as tx:
            for login, password in missing.items():
                name, role, restricted = _PEOPLE[login]
                await create_account(
                    tx, login, world.settings.caisse, name, role, password, restricted_queues=restricted
                )
        people |= missing
        path.touch(0o600)
        path.write_text(json.dumps(people), encoding="ascii")
    return people
