"""Publishing for tests, through the database's own rules: two people, one proposes and the other agrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestrator.bootstrap.world import load_keywords
from orchestrator.engine import versions
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database, Transaction

#: Set by the fixtures ``server`` and ``template``: the owner of every database of the tests, and its roles.
OWNER: dict[str, str] = {}
ROLES: dict[str, str] = {}
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


def orchestrator_of(url: str) -> str:
    """Return the orchestrator's connection string to the database of another role's."""
    return make_conninfo(ROLES["glr_orchestrator"], dbname=str(conninfo_to_dict(url)["dbname"]))


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


Changes = Mapping[str, Sequence[tuple[str, str]]]
#: A higher rate, other dated rules, a ramp of two stages.
ANOTHER: Changes = {
    "scenarios/ij-acompte.yaml": (
        ("default: 0.80", "default: 0.85"),
        ("limits: {", "limits: {ramp: [2, 3], incidents: 20 %, "),
    ),
    "scenarios/rules/ij.yaml": (("quarantine_days: 30 ", "quarantine_days: 45 "),),
}


async def propose_another(owner: Database, scenario: Scenario, login: str, changes: Changes = ANOTHER) -> Scenario:
    """Have somebody propose another version, with these changes in its files; return it."""
    files = dict(scenario.version.files)
    for path, pairs in changes.items():
        for before, after in pairs:
            assert files[path].count(before) == 1
            files[path] = files[path].replace(before, after)
    with TemporaryDirectory() as folder:
        for path, content in files.items():
            (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / path).write_text(content, "utf-8")
        keywords = load_keywords(Settings(home=Path(__file__).parents[2]))
        path = f"scenarios/{scenario.name}.yaml"
        changed = load_scenario(Path(folder) / path, keywords=keywords, caisse=scenario.caisse)
    async with owner.transaction(f"agent:{login}") as tx:
        await versions.propose(tx, changed, login, "Taux porté à 85 % par la note du 3 mars.")
    return changed
