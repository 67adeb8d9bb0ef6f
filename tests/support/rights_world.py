"""Extensions of rights at the C2S for tests: the shipped scenario, its ledger, and the oracle."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from kept_desk import KeptDesk
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld, robot_world

from orchestrator.bootstrap.practice import RIGHTS_LOGIN
from orchestrator.bootstrap.world import load_keywords
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.contracts import load_contract
from orchestrator.drivers.workshop import RobotWorkshop
from orchestrator.language.load import load_scenario
from orchestrator.settings import Settings
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox import extensions
from sandbox.households import HOUSEHOLDS

ABOUT = {
    "robot": "Robot droits-prolongation", "version": "c0ffee", "purpose": "prolonger les droits",
    "contact": "dpo@cpam-931.example",
}  # fmt: skip
NUMBERS = {household.case: f"F-{number:03d}" for number, household in enumerate(HOUSEHOLDS, start=1)}


@asynccontextmanager
async def rights_world(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    scenarios: Path = PROJECT / "scenarios",
) -> AsyncIterator[RobotWorld]:
    """Open the scenario of a folder, the shipped one, with its robot's own accounts and templates."""
    practice_world.fault()
    practice = practice_world.practice
    practice.write_accounts(practice_world.addresses, tmp_path / "robot.json", RIGHTS_LOGIN)
    accounts = {
        name: RobotAccount.read(each) for name, each in json.loads((tmp_path / "robot.json").read_text()).items()
    }
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    scenario = load_scenario(scenarios / "droits-prolongation.yaml", keywords=keywords)
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        browser = opened.bench.desks["bdo"].browser
        opened.bench.robot = "droits-prolongation"
        opened.bench.desks = {
            name: KeptDesk(browser, load_contract(PROJECT / "keywords" / name / "screens.yaml"), accounts[name])
            for name in ("bdo", "c2s", "ged")
        }
        opened.bench.workshop = RobotWorkshop(home=PROJECT / "robots" / "droits-prolongation", folders={}, about=ABOUT)
        yield opened
        await opened.bench.workshop.close()


async def run(world: RobotWorld, day: date, *cases: str) -> UUID:
    """Deliver the households of these cases, or all of them, and work them."""
    folder = world.folder / f"{day}"
    folder.mkdir()
    path = extensions.write(day, folder, *(NUMBERS[case] for case in cases))
    loaded = await world.loader.load(world.bench.scenario, path, DAY, "test")
    await world.work()
    return loaded.run


def acts(world: RobotWorld, *cases: str) -> dict[str, list[dict[str, Any]]]:
    """Return what the C2S's own ledger says of each right, or of those of these households."""
    lines = (world.world.practice.folder / "c2s.ledger.jsonl").read_text("utf-8").splitlines()
    found: dict[str, list[dict[str, Any]]] = {}
    for act in map(json.loads, lines):
        if not cases or _is_of(act["right"], cases):
            found.setdefault(act["right"], []).append(act)
    return found


def letters(world: RobotWorld, kind: str = "ATTESTATION_DROITS", *cases: str) -> list[dict[str, Any]]:
    """Return what the GED's own ledger says of attestations, or of letters of another kind, of these households or of all."""
    lines = (world.world.practice.folder / "ged.ledger.jsonl").read_text("utf-8").splitlines()
    told = [act for act in map(json.loads, lines) if act["kind"] == kind]
    return [act for act in told if not cases or _is_of(act["reference"], cases)]


def _is_of(right: str, cases: Sequence[str]) -> bool:
    """Say whether a right (``D-007-1``) is one of these households' (``F-007``): each test has its own."""
    return any(right.startswith(f"D{NUMBERS[case][1:]}-") for case in cases)


def owed(world: RobotWorld) -> dict[str, int]:
    """Return the participations that each right owes, from the C2S's own store."""
    with closing(sqlite3.connect(world.world.practice.folder / "c2s.db")) as store:
        return dict(store.execute("select reference, impayes_c from droit"))


def shown(world: RobotWorld) -> dict[str, str]:
    """Return the end of each right, from the C2S's own store."""
    with closing(sqlite3.connect(world.world.practice.folder / "c2s.db")) as store:
        return dict(store.execute("select reference, fin from droit"))


async def ends(owner: Database, run: UUID) -> list[tuple[str, str]]:
    """Return, case after case, how each ended, and the code of its exception."""
    async with owner.transaction("test") as tx:
        cursor = await tx.connection.execute(
            "select coalesce(cases.ended_as, cases.state::text) as ended, coalesce(item.code, '') as code"
            " from cases left join exception_item item on item.case_id = cases.id and item.closed_at is null"
            " where cases.run = %s order by cases.line",
            [run],
        )
        return [(row["ended"], row["code"]) for row in await cursor.fetchall()]


async def prove(world: RobotWorld, owner: Database, *cases: str, again: int | None = None) -> None:
    """Work these households, or all of them: each becomes what the oracle says. Work those that were extended, or the first
    so many of them, once more: nothing is entered again."""
    before, debts = shown(world), owed(world)
    expected = {case: list(extensions.judge(NUMBERS[case])) for case in cases or NUMBERS}

    first = await run(world, DAY, *cases)

    verdicts = {case: (of[0].outcome, of[0].code) for case, of in expected.items()}
    became = dict(zip(expected, await ends(owner, first), strict=True))
    assert became == verdicts, {case: end for case, end in became.items() if end != verdicts[case]}
    entered = [one for of in expected.values() for one in of if one.outcome == "entered"]
    wanted = {one.right: one.end for one in entered if one.end}
    assert shown(world) == {**before, **wanted}
    ledger = acts(world, *cases)
    undone = {f"D-{len(NUMBERS):03d}-{member}": ["MODIFICATION", "RAPPEL"] for member in range(1, 5)}
    made = {right: [act["act"] for act in of] for right, of in ledger.items()}
    due = {one.right: ["ANNULATION_FERMETURE"] * one.reopened + ["MODIFICATION"] * bool(one.end) for one in entered}
    assert made == {**due, **undone}, "the fifth is refused: nobody is extended"
    cancelled = [act for of in ledger.values() for act in of if act["act"] == "ANNULATION_FERMETURE"]
    closings = [one for case in expected for one in extensions.cancellations(NUMBERS[case])]
    assert [{name: act[name] for name in one} for act, one in zip(cancelled, closings, strict=True)] == closings
    assert owed(world) == debts, "what is owed stays owed"
    assert {act["author"] for of in ledger.values() for act in of} == {RIGHTS_LOGIN}

    filed = letters(world, "ATTESTATION_DROITS", *cases)
    told = [letter for case in expected for letter in extensions.attestations(NUMBERS[case])]
    assert [{name: act[name] for name in letter} for act, letter in zip(filed, told, strict=True)] == told
    notices = letters(world, "LIAISON_CAISSE", *cases)
    told = [notice for case in expected for notice in extensions.notices(NUMBERS[case])]
    assert [{name: act[name] for name in notice} for act, notice in zip(notices, told, strict=True)] == told
    assert {act["author"] for act in filed + notices} <= {RIGHTS_LOGIN}

    extended = [case for case, (outcome, _) in verdicts.items() if outcome == "entered"][:again]
    second = await run(world, date(2026, 3, 30), *extended)

    became_again = [ended for ended, _ in await ends(owner, second)]
    assert len(became_again) == len(extended) > 0
    assert set(became_again) <= {"already_done", "already_extended"}
    told_again = letters(world, "ATTESTATION_DROITS", *cases), letters(world, "LIAISON_CAISSE", *cases)
    assert (acts(world, *cases), *told_again) == (ledger, filed, notices)


async def prove_a_refused_letter_undoes_no_right(world: RobotWorld, owner: Database, case: str) -> None:
    """Have an agent's attestation stand for the last right: its letter is for a person, every right is extended."""
    (*others, last) = extensions.attestations(NUMBERS[case])
    before, already = acts(world), letters(world)
    with closing(sqlite3.connect(world.world.practice.folder / "ged.db", timeout=20)) as store, store:
        store.execute(
            "INSERT INTO document (document, nir, nature, reference, objet, du, au, empreinte, reference_libre, auteur, jour,"
            " contenu) VALUES ('GED-2020-900001', ?, ?, ?, ?, '2020-04-01', '2020-04-30', '', '', 'A1001', '2020-04-01', '')",
            (last["nir"], last["kind"], last["reference"], last["subject"]),
        )

    assert await ends(owner, await run(world, date(2026, 3, 31), case)) == [("exception", "C-09")]

    made = {right: [act["act"] for act in of] for right, of in acts(world).items() if right not in before}
    assert made == {letter["reference"]: ["MODIFICATION"] for letter in (*others, last)}
    filed = [act["reference"] for act in letters(world) if act not in already]
    assert filed == [letter["reference"] for letter in others]
