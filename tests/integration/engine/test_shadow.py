"""Reading keywords have no act; a run in shadow enters nothing, and is compared with what people entered afterwards."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from grouped_world import grouped_world, household
from robot_world import PracticeWorld, RobotWorld, Row, robot_world

from orchestrator.domain.civil import Period, date_of
from orchestrator.domain.errors import BadDelivery
from orchestrator.domain.keywords import MARK, Keyword, check
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.domain.ports import Desk
from orchestrator.drivers.act import Sent
from orchestrator.drivers.reading import NoActHere
from orchestrator.engine.shadow import Agreement, Compared, Foreseen, compare, paired, read_decisions
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


def told(seen: list[Compared]) -> list[tuple[str, Agreement, int | None, int | None]]:
    """Return what is said of each entry, in centimes."""
    cents = [[None if each is None else each.centimes for each in (one.robot, one.people)] for one in seen]
    return [(one.entry, one.result, robot, people) for one, (robot, people) in zip(seen, cents, strict=True)]


AGAIN = """
      - id: again
        enter: compta.propose_advance
        with:
          nir: ${nir}
          stop_id: ${one.line.stop_id}
          period: ${one.stop.period}
          amount: ${approval_above}
        when: one.line.anomaly == "TECH_DOUBLE"
        effect_key: ACP-DOUBLE/${nir}/${one.line.stop_id}

limits:"""


async def test_each_entry_of_a_case_is_compared_for_itself(
    practice_world: PracticeWorld, runner_url: str, vault: Vault, tmp_path: Path
) -> None:
    shadow = (("mode: live", "mode: shadow"), ("\nlimits:", AGAIN), ("700.00 EUR", "100.50 EUR"))
    async with grouped_world(practice_world, runner_url, vault, tmp_path, *shadow) as world:
        same, other, unpaid, twice, spared = household(world.world, 5)
        spared, twice = (
            replace(row, text=re.sub(r"TECH_\w+", anomaly, row.text))
            for row, anomaly in ((spared, "SANS_AVANCE"), (twice, "TECH_DOUBLE"))
        )
        rows = (same, other, unpaid, twice, spared)
        loaded = await world.deliver(*rows)
        await world.work()
        assert [world.world.lines_of(row.stop) for row in rows] == [[]] * 5
        for row, amount in ((same, 100), (other, 99), (twice, 98), (twice, 100), (twice, 97), (spared, 100)):
            await enter_by_hand(world, row, Euros(amount * 100))
        seen = await compare(world.bench, loaded.run, None)
        assert [one for one in told(seen) if one[2:] != (None, None)] == [
            ("proposal (ligne 2)", Agreement.AGREE, 10_000, 10_000),
            ("proposal (ligne 3)", Agreement.DIFFER, 10_000, 9_900),
            ("proposal (ligne 4)", Agreement.MISSING, 10_000, None),
            ("proposal (ligne 5)", Agreement.AGREE, 10_000, 10_000),
            ("again (ligne 5)", Agreement.DIFFER, 10_050, 9_800),
            ("", Agreement.PEOPLE_ONLY, None, 9_700),
            ("proposal (ligne 6)", Agreement.PEOPLE_ONLY, None, 10_000),
        ]
        assert len({one.reference for one in seen}) == 1


def test_entries_of_one_object_are_paired_by_amount_first_and_never_added_up() -> None:
    first, second = Foreseen(title="first", robot=Euros(100)), Foreseen(title="second", robot=Euros(200))
    assert told(paired("DOS", [first, second], [Euros(200), Euros(150)])) == [
        ("first", Agreement.DIFFER, 100, 150),
        ("second", Agreement.AGREE, 200, 200),
    ]
    nothing = Foreseen(title="not due", robot=None)
    assert told(paired("DOS", [nothing, first], [Euros(300)])) == [
        ("not due", Agreement.AGREE, None, None),
        ("first", Agreement.DIFFER, 100, 300),
    ]
    assert told(paired("DOS", [first], [Euros(40), Euros(60)])) == [
        ("first", Agreement.DIFFER, 100, 40),
        ("", Agreement.PEOPLE_ONLY, None, 60),
    ]


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
