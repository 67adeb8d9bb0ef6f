"""Paid advances: the recovery in ARPEGE and the letter in the GED, each once, by their own ledgers and the oracle."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from paid_world import DAY, dies, ends, is_not_reached, ledger, moves_away, nir_of, paid, paid_world, read_list, run
from robot_world import PracticeWorld, RobotWorld

from orchestrator.drivers.witness import Witness
from orchestrator.engine.enter import Entering
from orchestrator.engine.sweep import sweep
from orchestrator.engine.tickets import ticket_queue
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault
from sandbox.told import judge


async def test_each_paid_advance_is_told_once_and_whom_no_letter_reaches_is_left_to_a_person(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path, owner_db: Database
) -> None:
    practice_world.fault()
    states = ("LIQUIDEE", "LIQUIDEE", "LIQUIDEE", "LIQUIDEE", "LIQUIDEE", "REJETE_BANQUE", "PROPOSEE", "VALIDEE")
    with paid(practice_world, *states) as numbers:
        dies(practice_world, numbers[1])
        moves_away(practice_world, numbers[2])
        is_not_reached(practice_world, numbers[3])
        expected = judge(practice_world.practice.folder, DAY)
        assert [one.code for one in expected] == ["", "C-05", "L-ADRESSE", "L-NPAI", "", "R-AC04"], "only what was paid"
        async with paid_world(practice_world, runner_url, vault, tmp_path) as world:
            found = await ends(owner_db, await run(world, DAY))
            assert found == [(one.outcome, one.code) for one in expected]
            told = [one for one in expected if one.outcome == "entered"]
            recoveries, letters = (
                ledger(practice_world, name, act, numbers)
                for name, act in (("arpege", "RECUPERATION"), ("ged", "DEPOT"))
            )
            assert [_said(line, one.recovery) for line, one in zip(recoveries, told, strict=True)] == [True, True]
            assert [_said(line, one.letter) for line, one in zip(letters, told, strict=True)] == [True, True]
            _check_letter(practice_world, letters[0])

            again = await ends(owner_db, await run(world, DAY + timedelta(days=1)))
            assert again == [("already_done", "")] * 2, "those that wait for a person are not worked again"
            told_of = Witness(values={"nir": nir_of(practice_world, numbers[0]), "nobody": "personne"})
            delivery = await read_list(world, DAY, {"bdo": told_of})
            assert [(row.line, row.code) for row in delivery.bad] == [(1, "TEMOIN")], "no robot writes to a witness"
            assert [row.line for row in delivery.rows] == [2, 3, 4, 5, 6]
        assert ledger(practice_world, "arpege", "RECUPERATION", numbers) == recoveries
        assert ledger(practice_world, "ged", "DEPOT", numbers) == letters


async def test_a_letter_whose_filing_nobody_saw_confirmed_is_looked_for_by_its_reference_and_filed_once(
    practice_world: PracticeWorld,
    runner_url: str,
    vault: Vault,
    tmp_path: Path,
    owner_db: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    practice_world.fault()
    with paid(practice_world, "LIQUIDEE") as numbers:
        async with paid_world(practice_world, runner_url, vault, tmp_path) as world:
            await _killed_before_the_proof(world, owner_db, monkeypatch)
            await world.work()
        assert len(ledger(practice_world, "ged", "DEPOT", numbers)) == 1
        assert len(ledger(practice_world, "arpege", "RECUPERATION", numbers)) == 1
    async with owner_db.transaction("test") as tx:
        states = await (await tx.connection.execute("select state::text from entry order by state")).fetchall()
        seen = await (await tx.connection.execute("select seen from doubt")).fetchall()
    assert [row["state"] for row in states] == ["confirmed", "confirmed"]
    assert [row["seen"] for row in seen] == ["ours"]


class _KilledError(BaseException):
    """The process ends here: nobody concludes anything."""


async def _killed_before_the_proof(world: RobotWorld, owner: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a session between the answer to the upload and its reading back, and let its lease run out."""
    prove = Entering._prove

    async def die(self: Entering, entry: Any) -> Any:
        if self.step.id == "mail":
            raise _KilledError
        return await prove(self, entry)

    with monkeypatch.context() as broken:
        broken.setattr(Entering, "_prove", die)
        with pytest.raises(_KilledError):
            await run(world, DAY)
    async with owner.transaction("test") as tx:
        await tx.connection.execute("update cases set lease_until = now() - interval '1 second' where state = 'leased'")
    queue = ticket_queue(world.runner_url, size=1)
    async with queue.open_async():
        await sweep(world.bench.database, queue)


def _said(line: dict[str, Any], facts: tuple[tuple[str, object], ...]) -> bool:
    return {name: line[name] for name, _ in facts} == dict(facts) and line["author"].startswith("ROB-931-")


def _check_letter(practice: PracticeWorld, line: dict[str, Any]) -> None:
    """The letter as filed: what DOMAIN A.2 row 14 asks for, and the mention that law asks for."""
    with closing(sqlite3.connect(practice.practice.folder / "ged.db")) as store:
        (content,) = store.execute("SELECT contenu FROM document WHERE document = ?", (line["number"],)).fetchone()
    text = " ".join("".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages).split())
    for said in ("697,39", "du 02/01/2023 au 20/01/2023", "provisoire", "déduit", "traitement algorithmique", "CADA"):
        assert said in text, said
