"""Reading keywords have no act; a run in shadow enters nothing, and is compared with what people entered afterwards."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from robot_world import PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.domain.civil import Period, date_of
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.keywords import MARK, Keyword, check
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Desk
from orchestrator.drivers.act import Sent
from orchestrator.drivers.reading import NoActHere
from orchestrator.engine.shadow import Agreement, compare, read_decisions
from orchestrator.language.model import Mode
from orchestrator.store.vault import Vault


@pytest.fixture
async def world(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> AsyncIterator[RobotWorld]:
    practice_world.fault()
    async with robot_world(practice_world, runner_url, vault, tmp_path) as opened:
        yield opened


@dataclass
class AlwaysOurs:
    """The permit of a person who enters by hand: nobody else holds the case."""

    until: float

    async def holds(self) -> bool:
        return True

    def in_time(self) -> bool:
        return True

    def under_way(self) -> AlwaysOurs:
        return self


def proposal(row: Row, amount: Euros) -> dict[str, Any]:
    start, end = date_of("2026-03-05"), date_of("2026-03-20")
    return {
        "nir": Nir.parse(row.nir),
        "stop_id": row.stop,
        "start": start,
        "end": end,
        "amount": amount,
        "reason": "Saisie par un agent",
        "token": "",
    }


async def enter_by_hand(world: RobotWorld, row: Row, amount: Euros) -> None:
    act = await world.bench.desks["compta"].prepare("propose_advance", **proposal(row, amount))
    assert await act.perform(AlwaysOurs(until=time.time() + 30)) is Sent.ANSWERED


async def test_a_keyword_declared_as_a_check_cannot_prepare_an_act(world: RobotWorld) -> None:
    row = world.world.take("entered")

    @check("compta.sly", "Se dit vérification, prépare une saisie.")
    async def sly(desk: Desk, *, amount: Euros) -> None:
        await desk.prepare("propose_advance", **proposal(row, amount))

    keyword: Keyword = getattr(sly, MARK)
    with pytest.raises(NoActHere, match="le déclarer enter"):
        await world.bench.call(keyword, {"amount": Euros(100)})
    assert world.world.lines_of(row.stop) == []


async def test_in_shadow_even_a_keyword_that_enters_has_no_act(world: RobotWorld) -> None:
    row = world.world.take("entered")
    world.bench.scenario = replace(world.bench.scenario, mode=Mode.SHADOW)
    step = next(step for step in world.bench.scenario.calls if step.keyword.entry)
    period = Period(date_of("2026-03-05"), date_of("2026-03-20"))
    arguments = {"nir": Nir.parse(row.nir), "stop_id": row.stop, "period": period, "amount": Euros(100), "token": "T"}
    with pytest.raises(NoActHere):
        await world.bench.call(step.keyword, arguments)


async def test_a_run_in_shadow_is_compared_with_what_people_entered(world: RobotWorld, tmp_path: Path) -> None:
    same, other, unpaid = (world.world.take("entered") for _ in range(3))
    refused = world.world.take("exception", "C-07")
    world.bench.scenario = replace(world.bench.scenario, mode=Mode.SHADOW)
    loaded = await world.deliver(same, other, unpaid, refused)
    await world.work()
    assert [world.world.lines_of(row.stop) for row in (same, other, unpaid, refused)] == [[], [], [], []]

    await enter_by_hand(world, same, Euros(same.amount_c or 0))
    await enter_by_hand(world, other, Euros((other.amount_c or 0) - 1))
    await enter_by_hand(world, refused, Euros(12345))
    seen = await compare(world.bench, loaded.run, None)

    expected = [
        (Agreement.AGREE, same.amount_c, same.amount_c),
        (Agreement.DIFFER, other.amount_c, (other.amount_c or 0) - 1),
        (Agreement.MISSING, unpaid.amount_c, None),
        (Agreement.PEOPLE_ONLY, None, 12345),
    ]
    assert [
        (case.result, case.robot and case.robot.centimes, case.people and case.people.centimes) for case in seen
    ] == expected

    written = tmp_path / "decisions.csv"
    lines = [
        f"{same.stop};{Euros(same.amount_c or 0).typed}",
        f"{other.stop};{Euros((other.amount_c or 0) - 1).typed}",
        f"{unpaid.stop};",
        f"{refused.stop};123,45",
    ]
    written.write_text("\n".join(["objet;montant", *lines, ""]), encoding="utf-8")
    assert await compare(world.bench, loaded.run, read_decisions(written)) == seen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stop;amount\nA;1,00\n", "les colonnes objet;montant sont attendues"),
        ("objet;montant\nA;1.000.00\n", "ligne 2 : montant attendu"),
        ("objet;montant\n;1,00\n", "ligne 2 : objet manquant"),
    ],
)
def test_a_bad_file_of_decisions_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadDelivery, match=said):
        read_decisions(path)
