"""Publishing for tests, through the database's own rules: two people, one proposes and the other agrees."""

from __future__ import annotations

from uuid import uuid4

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.engine import versions
from orchestrator.language.model import Scenario
from orchestrator.store.database import Database, Transaction

#: Set by the fixture ``server``: the owner of every database of the tests.
OWNER: dict[str, str] = {}
PROPOSER, APPROVER = "v.premier", "w.second"
_PEOPLE = """
insert into account (login, caisse, display_name, role, password_hash)
select login, %s, login, 'supervisor', 'nobody can log in' from unnest(%s::text[]) login on conflict do nothing
"""


async def publish(owner: Database, scenario: Scenario) -> None:
    """Publish a version of a scenario."""
    async with owner.transaction(f"agent:{PROPOSER}") as tx:
        await tx.connection.execute(_PEOPLE, [scenario.caisse, [PROPOSER, APPROVER]])
        await versions.propose(tx, scenario, PROPOSER, "")
    async with owner.transaction(f"agent:{APPROVER}") as tx:
        proposal = await tx.first("versions.proposed", caisse=scenario.caisse, scenario=scenario.name)
        assert proposal is not None
        await versions.approve(tx, scenario.caisse, scenario.name, proposal["id"], APPROVER)


async def publish_bare(tx: Transaction, caisse: str, scenario: str, version: str) -> None:
    """Publish a version that has no texts, for tests of the ledger alone; as owner."""
    await tx.connection.execute(_PEOPLE, [caisse, [PROPOSER, APPROVER]])
    where = {"caisse": caisse, "scenario": scenario}
    await tx.run("versions.propose", id=uuid4(), version=version, login=PROPOSER, note="", **where)
    waiting = await tx.first("versions.proposed", **where)
    assert waiting is not None
    await versions.approve(tx, caisse, scenario, waiting["id"], APPROVER)


def owner_of(url: str) -> str:
    """Return the owner's connection string to the database of another role's."""
    return make_conninfo(OWNER["url"], dbname=str(conninfo_to_dict(url)["dbname"]))


async def publish_at(url: str, scenario: Scenario) -> None:
    """Publish in the database of a role's connection string, unless it is published there."""
    async with Database(owner_of(url), size=1) as owner:
        async with owner.transaction("test") as tx:
            now = await versions.published(tx, scenario.caisse, scenario.name)
        if now is None or now["version"] != scenario.hash:
            await publish(owner, scenario)
