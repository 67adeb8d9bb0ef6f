"""A letter of a case as an entry of its own: after the payment, once, proven by what stands in the folder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pypdf
import pytest
from robot_world import PracticeWorld, RobotWorld, changed_scenario, resend, robot_world
from workshops import workshop_in

from keywords import letters
from orchestrator.domain.civil import parse_french_period
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import PersonName
from orchestrator.drivers.act import Sent
from orchestrator.drivers.deposit import Deposit
from orchestrator.drivers.gate import Permit
from orchestrator.drivers.reading import EnteringWorkshop, PlacedByProtocol
from orchestrator.engine import doubts
from orchestrator.engine.results import RowOutcome
from orchestrator.store.database import Database
from orchestrator.store.vault import Vault

LETTER = """
  - id: letter
    enter: letters.deposit
    with:
      folder: out
      template: acompte.html
      addressee: ${stop.birth_name}
      subject: ${stop_id}
      period: ${advance.period}
      amount: ${advance.amount}
    effect_key: LETTRE-ACP/${nir}/${stop_id}

schedule:
"""
TEMPLATE = "<p>Bonjour ${addressee},</p><p>Un acompte de ${amount} est proposé pour l'arrêt ${subject}.</p>\n"


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    """Work the shipped scenario with a letter after its payment."""
    practice_world.fault()
    workshop = workshop_in(tmp_path)
    (workshop.home / "modeles" / "acompte.html").write_text(TEMPLATE, encoding="utf-8")
    scenario = changed_scenario(tmp_path, ("\nschedule:\n", LETTER))
    async with robot_world(practice_world, runner_url, vault, tmp_path, scenario) as opened:
        opened.bench.workshop = workshop
        yield opened
    await workshop.close()


def _letters(world: RobotWorld, stop: str) -> list[Path]:
    return sorted((world.folder / "out").glob(f"{stop}_GLR-*.pdf"))


def _text(path: Path) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages).split())


async def test_a_payment_and_its_letter_are_two_entries_and_money_is_counted_once(world: RobotWorld) -> None:
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    await world.work()
    result = await world.only(loaded.run)
    assert (result.outcome, result.amount_c) == (RowOutcome.ENTERED, row.amount_c)
    assert len(world.world.lines_of(row.stop)) == 1
    (letter,) = _letters(world, row.stop)
    text = _text(letter)
    assert f"Référence du courrier : {letter.stem.partition('_')[2]}" in text
    assert " ".join(str(Euros(row.amount_c or 0)).split()) in text
    assert "traitement algorithmique" in text
    assert result.entry_reference is not None
    assert letter.name in result.entry_reference


async def test_a_letter_that_may_be_there_is_a_doubt_and_the_look_that_settles_it_makes_no_second_letter(
    world: RobotWorld, owner_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "FOLDER", timedelta(seconds=1))
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    perform = Deposit.perform

    async def and_nobody_knows(self: Deposit, permit: Permit) -> Sent:
        await perform(self, permit)
        return Sent.UNKNOWN

    with monkeypatch.context() as broken:
        broken.setattr(Deposit, "perform", and_nobody_knows)
        await world.work()
    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert len(_letters(world, row.stop)) == 1
    async with owner_db.transaction("test") as tx:
        looks = await (await tx.connection.execute("select seen from doubt")).fetchall()
    assert [look["seen"] for look in looks] == ["ours"]
    assert len(world.world.lines_of(row.stop)) == 1


async def test_a_folder_that_is_not_there_leaves_the_payment_made_once_and_the_letter_for_later(
    world: RobotWorld, owner_db: Database
) -> None:
    row = world.world.take("entered")
    loaded = await world.deliver(row)
    out = world.folder / "out"
    out.write_text("un fichier à la place du dossier", encoding="utf-8")
    await world.work()
    assert ((await world.only(loaded.run)).outcome, len(world.world.lines_of(row.stop))) == (RowOutcome.EXCEPTION, 1)
    out.unlink()
    await resend(owner_db, loaded.run, {"do": "resend", "by": "martin"})
    await world.work()
    assert (await world.only(loaded.run)).outcome is RowOutcome.ENTERED
    assert (len(_letters(world, row.stop)), len(world.world.lines_of(row.stop))) == (1, 1)


class _Lost:
    """A permit of a lease that another session has taken."""

    until = 0.0

    async def holds(self) -> bool:
        return False

    def in_time(self) -> bool:
        return True

    def under_way(self) -> _Lost:
        return self


async def test_a_keyword_that_enters_prepares_and_nothing_is_placed_without_the_lease(tmp_path: Path) -> None:
    workshop = workshop_in(tmp_path)
    (workshop.home / "modeles" / "l.html").write_text("<p>${addressee}</p>", encoding="utf-8")
    entering = EnteringWorkshop(workshop)
    about = {
        "addressee": PersonName("MARTIN"),
        "subject": "A1",
        "period": parse_french_period("du 01/03/2026 au 05/03/2026"),
    }
    given = {**about, "amount": Euros(1), "token": "GLR-AAAAAAAAAA", "template": "l.html"}
    act = await letters.deposit(entering, folder="out", **given)
    assert (act.screen, workshop.found("out", "*")) == ("out", [])
    with pytest.raises(BusinessException, match="n'est déclaré qu'en lecture"):
        await letters.deposit(entering, folder="in", **given)
    assert (await act.perform(_Lost()), workshop.found("out", "*")) == (Sent.NOT_SENT, [])
    with pytest.raises(PlacedByProtocol):
        entering.place("out", "a.pdf", tmp_path / "a")
    await workshop.close()
