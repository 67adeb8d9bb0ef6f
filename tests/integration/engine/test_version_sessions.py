"""Robot sessions and versions: one session works each case under the version whose turn it is; a lost version stops all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from published import ANOTHER, Changes, propose_another
from robot_world import PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.robots import run_session
from orchestrator.bootstrap.world import World, load_keywords
from orchestrator.engine import versions
from orchestrator.engine.results import RowOutcome
from orchestrator.engine.work import Workbench
from orchestrator.settings import Settings
from orchestrator.store.database import Database, array
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Open an engine of its own on the practice applications; the shipped scenario is published."""
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


async def publish_another(owner: Database, world: RobotWorld, changes: Changes = ANOTHER) -> str:
    """Publish another version; return its hash."""
    changed = await propose_another(owner, world.bench.scenario, "v.premier", changes)
    async with owner.transaction("agent:w.second") as tx:
        waiting = await tx.first("versions.proposed", caisse="cpam-931", scenario="ij-acompte")
        assert waiting is not None
        await versions.approve(tx, "cpam-931", "ij-acompte", waiting["id"], "w.second")
    return changed.hash


async def work(owner: Database, world: RobotWorld) -> list[str]:
    """Run one session that opens versions from the store; return those that it opened."""
    opened: list[str] = []

    async def open_version(version: str) -> Workbench:
        async with owner.transaction("test") as tx:
            texts = await versions.texts(tx, version)
        opened.append(version)
        found = versions.restore("ij-acompte", version, texts, world.bench.keywords, "cpam-931")
        return replace(world.bench, scenario=found.scenario)

    session = world.session(uuid4())
    async with world.loader.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=session.runner, host="test", pid=1)
    session.open_version = open_version
    await session.run()
    return opened


async def test_one_session_does_the_stage_of_the_new_version_and_the_rest_under_the_one_before(
    world: RobotWorld, owner_db: Database
) -> None:
    unused = [row for row in world.world.unused if row.outcome == "entered" and (row.amount_c or 0) < 60_000]
    rows = unused[:3]  # 85 % of them needs no second person
    for row in rows:
        world.world.unused.remove(row)
    loaded = await world.deliver(*rows)
    changed = await publish_another(owner_db, world)  # pays 85 %, its first stage is 2 cases

    assert await work(owner_db, world) == [changed]

    assert {row.outcome for row in await world.results(loaded.run)} == {"entered"}
    entered = {row.stop: world.world.lines_of(row.stop) for row in rows}
    assert {len(lines) for lines in entered.values()} == {1}
    paid = [entered[row.stop][0]["amount_c"] == row.amount_c for row in rows]
    assert sorted(paid) == [False, False, True]  # two at 85 %, one as the oracle says
    async with owner_db.transaction("test") as tx:
        now = await versions.published(tx, "cpam-931", "ij-acompte")
        cursor = await tx.connection.execute("select version, count(*) as cases from attempt group by version")
        begun = {row["version"]: row["cases"] for row in await cursor.fetchall()}
    assert now is not None
    assert (now["begun"], now["allowed"]) == (2, 2)
    assert begun == {changed: 2, world.bench.scenario.hash: 1}


async def test_a_case_without_a_field_of_the_new_version_goes_to_a_person_and_the_session_goes_on(
    world: RobotWorld, owner_db: Database
) -> None:
    loaded = await world.deliver(world.world.take("entered"), world.world.take("entered"))
    field = "    anomaly:    {type: text"
    added = {"scenarios/ij-acompte.yaml": [(field, f"    site: {{type: text, column: Site}}\n{field}")]}
    changed = await publish_another(owner_db, world, added)

    assert await work(owner_db, world) == [changed]

    rows = await world.results(loaded.run)
    assert [(row.outcome, row.codes) for row in rows] == [(RowOutcome.EXCEPTION, ("LoadedOtherwise",))] * 2
    async with owner_db.transaction("test") as tx:
        cursor = await tx.connection.execute("select cause, message from exception_item limit 1")
        item = await cursor.fetchone()
    assert item is not None
    assert (item["cause"], "sans le champ « site »" in item["message"]) == ("robot", True)


async def test_an_application_that_fails_stops_the_scenario_before_its_last_case(
    world: RobotWorld, owner_db: Database
) -> None:
    rows = [world.world.take("entered") for _ in range(8)]
    (world.world.practice.folder / "faults.json").write_text(
        json.dumps({"arpege": [{"on": "GET /assure/*/paiements", "fault": "error"}]})
    )
    loaded = await world.deliver(*rows)
    share = {"scenarios/ij-acompte.yaml": [("limits: {", "limits: {incidents: 50 %, ")]}
    await publish_another(owner_db, world, share)
    await work(owner_db, world)
    world.world.fault()
    outcomes = Counter(row.outcome for row in await world.results(loaded.run))
    async with owner_db.transaction("test") as tx:
        (stop,) = await tx.all("versions.stopped_scenarios", caisse="cpam-931")
        cursor = await tx.connection.execute("select count(*) as n, bool_and(incident) as all from attempt")
        tried = await cursor.fetchone()
    assert stop["reason"] == "10 incidents applicatifs sur les 10 dernières tentatives (50 % permis)"
    assert tried == {"n": 10, "all": True}  # two tries a case: the tenth is the last
    assert outcomes[RowOutcome.RUNNING] > 0
    assert [world.world.lines_of(row.stop) for row in rows] == [[]] * 8


async def test_a_session_whose_version_cannot_run_here_stops_the_scenario_unless_another_program_lives_and_says_why(
    world: RobotWorld,
    owner_db: Database,
    role_url: Mapping[str, str],
    owner_url: str,
    vault: Vault,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await world.deliver(world.world.take("entered"))
    settings = Settings(workspace=tmp_path, home=PROJECT)
    words = load_keywords(settings)
    upgraded = {**words, "bdo.person": replace(words["bdo.person"], doc="autre chose")}
    here = World(settings=settings, urls={**role_url, "owner": owner_url}, vault=vault, keywords=upgraded)
    monkeypatch.setattr("orchestrator.bootstrap.robots._FOR_OTHERS", 0.0)
    mine, other = uuid4(), uuid4()
    async with owner_db.transaction("test") as tx:
        for runner, program in ((mine, "2"), (other, "1")):
            await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
            await tx.run("sessions.describe_runner", id=runner, labels=array([]), program=program, knows="0030")
    with pytest.raises(versions.UnusableVersion):
        await run_session(here, "ij-acompte", mine, uuid4())
    async with owner_db.transaction("test") as tx:
        assert await tx.all("versions.stopped_scenarios", caisse="cpam-931") == []  # it is for the other
        await tx.run("sessions.stop_runner", id=other)
    with pytest.raises(versions.UnusableVersion):
        await run_session(here, "ij-acompte", mine, uuid4())
    async with owner_db.transaction("test") as tx:
        (stop,) = await tx.all("versions.stopped_scenarios", caisse="cpam-931")
        hungry = await tx.all("cases.hungry")
    assert "les mots-clés installés ne sont plus déclarés" in stop["reason"]
    assert hungry == []  # no session is started for nothing
    assert await run_session(here, "ij-acompte", uuid4(), uuid4()) == "nothing ready"
