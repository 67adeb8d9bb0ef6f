"""A database for histories alone, thrown away with them, in which two robots are published that want the same entries."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from orchestrator.campaign.guards import GUARDS
from orchestrator.engine import doubts, versions
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.simulation.history import Stage
from orchestrator.simulation.store import connected, install_clock
from orchestrator.simulation.words import Way, end_login, words
from orchestrator.simulation.world import instead
from orchestrator.store import embedded
from orchestrator.store.database import Database
from orchestrator.store.migrate import migrate
from orchestrator.store.roles import role_urls
from orchestrator.store.vault import Vault

CAISSE = "cpam-931"
#: Two scenarios of one text: one effect, two robots.
NAMES = ("simulation", "simulation-encore")
#: The guards that a history can do without: those that are not in the page.
WITHOUT = ("lease-epoch", "intent", "settle", "log-out", "look-first", "effect-key")
#: Keys that every history knows, so that a seed gives the same marks everywhere; nothing there is secret.
_VAULT = Vault(**{name: sha256(name.encode()).digest() for name in ("wrap", "index", "effect")})
_DATABASE = "glr_simulation"
_PEOPLE = """
insert into account (login, caisse, display_name, role, password_hash)
select login, %s, login, 'supervisor', 'nobody can log in' from unnest(%s::text[]) login on conflict do nothing
"""


@contextmanager
def stage(*, residue: bool = False, without: frozenset[str] = frozenset()) -> Iterator[Stage]:
    """Give everything that histories share; gone at the end. Guards are taken out of this process for good."""
    with tempfile.TemporaryDirectory(prefix="glr-simulation-") as folder:
        root = Path(folder)
        server = embedded.start(root)
        try:
            with psycopg.connect(server.superuser_dsn, autocommit=True) as connection:
                connection.execute(f"create database {_DATABASE}")
            owner = make_conninfo(server.superuser_dsn, dbname=_DATABASE)
            urls = role_urls(server.superuser_dsn, root / "roles")
            asyncio.run(migrate(owner, urls, _VAULT.fingerprints, CAISSE))
            with prepared(owner, _VAULT, root, residue=residue, without=without) as made:
                yield made
        finally:
            embedded.discard(root)


@contextmanager
def prepared(
    owner: str, vault: Vault, folder: Path, *, residue: bool = False, without: frozenset[str] = frozenset()
) -> Iterator[Stage]:
    """Give the same in a database that is migrated, and belongs to histories from now on; ``folder`` keeps the scenarios."""
    way = Way()
    first, second = (_scenario(folder, name, way) for name in NAMES)
    asyncio.run(_publish(owner, (first, second)))
    install_clock(owner)
    with instead(doubts, "end_login", end_login), connected(owner) as connection:
        for guard in without:
            GUARDS[guard].take_out()
        yield Stage(
            connection=connection,
            vault=vault,
            scenarios=(first, second),
            keywords=dict(words(way)),
            way=way,
            residue=residue,
        )


def _scenario(folder: Path, name: str, way: Way) -> Scenario:
    text = files("orchestrator.simulation").joinpath("simulation.yaml").read_text("utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("scenario: simulation", f"scenario: {name}"), "utf-8")
    return load_scenario(path, keywords=words(way), caisse=CAISSE)


async def _publish(owner: str, scenarios: tuple[Scenario, ...]) -> None:
    async with Database(owner, size=1) as database:
        for scenario in scenarios:
            async with database.transaction("agent:first") as tx:
                await tx.connection.execute(_PEOPLE, [CAISSE, ["first", "second"]])
                await versions.propose(tx, scenario, "first", "")
            async with database.transaction("agent:second") as tx:
                waiting = await tx.first("versions.proposed", caisse=CAISSE, scenario=scenario.name)
                if waiting is None:
                    raise RuntimeError("the proposal is gone")
                await versions.approve(tx, CAISSE, scenario.name, waiting["id"], "second")
