"""The editor has delivered a second release: robots that know the first stop before they write, and say each change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from robot_world import PracticeWorld, RobotWorld, known_witnesses, robot_world
from second_release import install

from orchestrator.domain.errors import ReleaseChanged
from orchestrator.drivers.canary import Walked, walk
from orchestrator.drivers.desk import WebDesk
from orchestrator.drivers.witness import Witness
from orchestrator.engine import canary as canary_module
from orchestrator.engine.canary import Canary, Found, close_application
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        try:
            yield opened
        finally:
            install(practice_world.practice)


async def work(world: RobotWorld, witnesses: dict[str, Witness]) -> str:
    runner = uuid4()
    async with world.loader.database.transaction("test") as tx:
        await tx.run("sessions.register_runner", id=runner, host="test", pid=1)
    session = world.session(runner)
    session.witnesses = witnesses
    session.propose = lambda contract, walked: f"{contract.application} : {len(walked.fixes)}"
    return await session.run()


SAID = {
    "arpege": [
        ("login", "version : « 1 » → « 2 »"),
        (
            "summary",
            "champ « birth_name » (« Nom de naissance ») : « #nom_naissance » introuvable, maintenant « #nom_famille »",
        ),
        (
            "summary",
            "tableau « stops », colonne « start » (« Début ») : « td.debut » introuvable, maintenant « td.date_debut »",
        ),
        ("summary", "champ « first_names », libellé : « Prénoms » → « Prénom(s) »"),
        ("rights", "champ « affiliated_on » : format « date » attendu, « 9999-99-99 » affiché"),
        ("payments", "tableau « payments », colonne « start » : format « date » attendu, « 9999-99-99 » affiché"),
        ("payments", "tableau « payments », colonne « end » : format « date » attendu, « 9999-99-99 » affiché"),
        ("payments", "tableau « payments », colonne « paid_on » : format « date » attendu, « 9999-99-99 » affiché"),
    ],
    "compta": [
        ("login", "version : « 1 » → « {release} »"),
        ("search", "champ « nir » : s'appelle maintenant « num_assure »"),
        ("advances", "tableau « advances », colonne « amount » : format « euros » attendu, « 9999.99 » affiché"),
        ("advance", "champ « amount » : format « euros » attendu, « 9999.99 » affiché"),
        ("advance", "champ « author », libellé : « Auteur » → « Saisie par »"),
        ("proposal", "champ « motif » : s'appelle maintenant « motif_avance »"),
        ("proposal", "champ « montant », libellé : « Montant » → « Montant (point décimal) »"),
        ("proposal", "ordre des champs changé"),
        ("proposal", "bouton nouveau « btn-controler »"),
        ("proposal", "saisie « propose_advance », bouton : « #btn-enregistrer » introuvable"),
    ],
}  # fmt: skip
QUIET = {
    "arpege": [("summary", "tableau « stops », nouvelle colonne « Télétransmis »")],
    "compta": [("advances", "tableau « advances », nouvelle colonne « Guichet »")],
}
ELSEWHERE = ("proposal", "formulaire « form-avance », adresse d'envoi : « /avances » → « /avances/controle »")


@pytest.mark.parametrize(("application", "release"), [("arpege", "2"), ("compta", "2"), ("compta", "2.1")])
async def test_a_robot_that_knows_release_1_stops_before_its_first_write_and_every_change_is_kept(
    world: RobotWorld, owner_db: Database, application: str, release: str
) -> None:
    row, witnesses = world.world.take("entered"), await known_witnesses(world)
    loaded, before = await world.deliver(row), len(world.world.practice.proposals())
    install(world.world.practice, **{application: release})
    assert await work(world, witnesses) == "screens not walked"
    assert len(world.world.practice.proposals()) == before
    assert (await world.only(loaded.run)).outcome is RowOutcome.RUNNING
    where = {"caisse": world.bench.scenario.caisse, "application": application}
    async with owner_db.transaction("test") as tx:
        stop = await tx.first("console.stopped_application", **where)
        told = await tx.all("console.screen_differences", **where)
        events = await _events(tx)
    assert stop is not None
    (stopped,) = [each["details"] for each in events if each["verb"] == "application.stopped"]
    assert stopped["screens"] == sorted({each["screen"] for each in told if each["alters"]})
    assert stopped["alter"] == sum(each["alters"] for each in told)
    alters = [(each["screen"], each["said"]) for each in told if each["alters"]]
    assert f"({len(alters)} écarts)" in stop["reason"]
    assert stop["proposal"].startswith(f"{application} : ")
    for screen, said in SAID[application]:
        assert (screen, said.format(release=release)) in alters
    assert (ELSEWHERE in alters) is (release == "2" and application == "compta")
    assert set(QUIET[application]) <= {(each["screen"], each["said"]) for each in told if not each["alters"]}
    # nothing of the witness is kept: neither its number nor what its screens show
    words = " ".join([stop["reason"], *(each["said"] for each in told)])
    assert not [
        each for each in ("Vauquelin", "290036199901475", "2 90 03", "1697", "029.38", "123456") if each in words
    ]

    install(world.world.practice)
    async with owner_db.transaction("test") as tx:
        await tx.run("sessions.reopen_application", **where)
        assert await tx.all("console.screen_differences", **where) == []
    assert await work(world, witnesses) == "nothing ready"
    assert [line["amount_c"] for line in world.world.lines_of(row.stop)] == [row.amount_c]


# --- one walk for sessions that start together ------------------------------------------------------------------------


class Counted:
    """The walk, counting how often it is made."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def __call__(self, desk: WebDesk, witness: Witness, **options: Any) -> Walked:
        self.made.append(desk.contract.application)
        return await walk(desk, witness, **options)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    found = Counted()
    monkeypatch.setattr(canary_module, "walk", found)
    return found


def canaries(witnesses: dict[str, Witness], count: int) -> list[Canary]:
    return [Canary(session=uuid4(), witnesses=witnesses) for _ in range(count)]


async def test_sessions_that_start_together_walk_once_and_another_version_or_contract_walks_anew(
    world: RobotWorld, counted: Counted, owner_db: Database
) -> None:
    witnesses, bench, stopping = await known_witnesses(world), world.bench, asyncio.Event()
    found = await asyncio.gather(*(each.changed(bench, stopping) for each in canaries(witnesses, 6)))
    assert found == [None] * 6
    assert sorted(counted.made) == ["arpege", "bdo", "compta", "rniam"]
    (one,) = canaries(witnesses, 1)
    other = replace(bench, scenario=replace(bench.scenario, version=replace(bench.scenario.version, hash="f" * 64)))
    assert await one.changed(other, stopping) is None
    assert len(counted.made) == 8
    known = bench.desks["bdo"]
    assert isinstance(known, WebDesk)
    desk = WebDesk(known.browser, known.contract.model_copy(update={"public": ()}), known.account)
    assert await one.changed(replace(bench, desks={**bench.desks, "bdo": desk}), stopping) is None
    assert counted.made[8:] == ["bdo"]


async def test_what_one_walk_found_stops_those_who_wait_for_it(world: RobotWorld, counted: Counted) -> None:
    witnesses = await known_witnesses(world)
    await world.deliver(world.world.take("entered"))
    install(world.world.practice, arpege="2")
    ended = await asyncio.gather(*(work(world, witnesses) for _ in range(3)))
    assert sorted(ended) == ["application stopped", "application stopped", "screens not walked"]
    assert sorted(counted.made) == ["arpege", "bdo"]


async def test_a_walk_whose_session_died_is_made_by_another(
    world: RobotWorld, counted: Counted, owner_db: Database
) -> None:
    witnesses = {"bdo": (await known_witnesses(world))["bdo"]}
    dead, other = canaries(witnesses, 2)
    where = dead._where(world.bench, "bdo", witnesses["bdo"])
    async with world.loader.database.transaction("test") as tx:
        assert await tx.first("sessions.begin_walk", session=dead.session, **where)
    waiting = asyncio.create_task(other.changed(world.bench, asyncio.Event()))
    await asyncio.sleep(1.2)
    assert (waiting.done(), counted.made) == (False, [])
    async with owner_db.transaction("test") as tx:
        await tx.connection.execute("update glr.screen_walk set begun_at = begun_at - interval '61 seconds'")
    assert await waiting is None
    assert counted.made == ["bdo"]


async def test_an_application_that_closes_while_a_session_asks_to_walk_it_is_not_walked(
    world: RobotWorld, counted: Counted
) -> None:
    witnesses = {"bdo": (await known_witnesses(world))["bdo"]}
    first, other = canaries(witnesses, 2)
    async with world.loader.database.transaction("test") as tx:
        where = first._where(world.bench, "bdo", witnesses["bdo"])
        assert await tx.first("sessions.begin_walk", session=first.session, **where)
    async with world.loader.database.transaction("test") as tx:
        found = Found.of(ReleaseChanged("bdo", "file", ["un champ a changé"]))
        await close_application(tx, world.bench.scenario.caisse, found)
        asking = asyncio.create_task(other.changed(world.bench, asyncio.Event()))
        await asyncio.sleep(1)  # it waits for the walk that this transaction forgets
        assert not asking.done()
    assert await asking is None
    assert counted.made == []


async def _events(tx: Any) -> list[dict[str, Any]]:
    cursor = await tx.connection.execute("select verb, details from glr.audit_outbox order by id")
    found: list[dict[str, Any]] = await cursor.fetchall()
    return found
