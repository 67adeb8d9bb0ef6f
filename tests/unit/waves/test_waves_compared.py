"""Two extracts of a wave compared; the judge is what the practice waves planted, which compares nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from waves_house import PROJECT, planted
from workshops import workshop_in

import keywords.progres
import keywords.transfers
from keywords import waves
from keywords.waves.models import Summary
from orchestrator.domain.errors import AlreadyThere, BusinessException
from orchestrator.domain.keywords import collect
from orchestrator.drivers.deliveries import read_delivery
from orchestrator.drivers.workshop import RobotWorkshop
from orchestrator.engine.grouping import by_row
from orchestrator.language.load import load_scenario
from sandbox import waves as practice

DAY = practice.WAVES[0][0]
WORDS = {**collect(keywords.progres), **collect(keywords.transfers)}


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[RobotWorkshop]:
    opened = workshop_in(tmp_path)
    yield opened
    opened._drafts.cleanup()


def _expected(workshop: RobotWorkshop, number: int = 1, **how: bool) -> Path:
    return practice.write(workshop.folders["in"].path, number, people=80, **how)


def _as_planted(found: Summary) -> list[tuple[int | None, int | None, tuple[str, ...], int | None]]:
    return [(one.before, one.after, one.codes, one.gap) for one in found.found]


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_every_planted_difference_of_a_wave_is_found_and_nothing_else(
    workshop: RobotWorkshop, number: int
) -> None:
    path = _expected(workshop, number)
    told = json.loads(path.read_text("ascii"))
    found = await waves.summary(workshop, folder="in", day=practice.WAVES[number - 1][0])
    assert _as_planted(found) == planted(path)
    assert {code for one in found.found for code in one.codes} == {f"V-0{number}" for number in range(1, 9)}
    for side, expected in ((found.before, told["before"]), (found.after, told["after"])):
        assert (side.read, side.ok) == (expected["read"], expected["ok"])
    assert [(one.side, one.line) for one in found.unread] == [("APRES", told["after"]["unread"])]
    for title, name in (("Statut", "status"), ("Centre", "centre")):
        counted = {one.value: (one.before, one.after) for one in found.categories if one.title == title}
        before, after = told["before"][name], told["after"][name]
        assert counted == {each: (before.get(each, 0), after.get(each, 0)) for each in {*before, *after}}
    assert found.same == told["same"]


async def test_the_rows_name_people_and_their_lines_and_an_unreadable_line_has_no_number(
    workshop: RobotWorkshop,
) -> None:
    path = _expected(workshop)
    rows = await waves.differences(workshop, folder="in", day=DAY)
    people = planted(path)
    lines = {
        side: (path.parent / path.name.replace("attendu.json", f"{side}.txt")).read_text("cp1252").splitlines()
        for side in ("avant", "apres")
    }
    for row, (before, after, codes, _) in zip(rows, people, strict=False):
        assert row.nir is not None
        source = lines["avant"][before - 1] if before else lines["apres"][(after or 0) - 1]
        assert (source[3:18], row.found) == (row.nir.reveal(), " ".join(codes))
        assert (row.before_line, row.after_line) == (str(before or "-"), str(after or "-"))
    assert [(row.nir, row.details) for row in rows[len(people) :]] == [(None, "longueur 109, 118 attendue")]
    assert {row.origin for row in rows} == {f"extraits {(await waves.pair(workshop, folder='in', day=DAY)).files}"}, (
        "the delivery is named by what was compared"
    )
    said = " ".join(f"{row.details} {row.files} {row!r}" for row in rows)
    assert [line for line in lines["apres"][1:-1] if line[3:18] in said or line[81:115].strip() in said] == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace("00001APRES20200118", "00001APRES20200119", 1), "ligne 1 : en-tête"),
        (lambda text: text.replace("00001APRES", "00001AVANT", 1), "ligne 1 : en-tête"),
        (lambda text: text.replace("00001APRES", "00002APRES", 1), "vague « 01 » avant, « 02 » après"),
        (lambda text: text[: text.index("\r\n999")] + "\r\n", "n'en annonce pas autant"),
        (lambda text: text.replace("\r\n999000", "\r\n999001", 1), "n'en annonce pas autant"),
        (lambda text: text + "001\r\n", "une ligne suit la dernière"),
    ],
)
async def test_an_extract_whose_frame_is_wrong_compares_nothing(
    workshop: RobotWorkshop, change: Callable[[str], str], why: str
) -> None:
    path = _expected(workshop)
    after = path.parent / path.name.replace("attendu.json", "apres.txt")
    after.write_bytes(change(after.read_bytes().decode("cp1252")).encode("cp1252"))
    with pytest.raises(BusinessException, match=why):
        await waves.summary(workshop, folder="in", day=DAY)


async def test_an_extract_that_changes_while_it_is_read_compares_nothing(
    workshop: RobotWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _expected(workshop)
    after = path.parent / path.name.replace("attendu.json", "apres.txt")
    real = waves._Compared.people

    def late(self: waves._Compared, *given: object) -> object:
        text = after.read_bytes()
        after.write_bytes(text.replace(b"NON\r\n", b"NNN\r\n", 1).replace(b"NNN\r\n", b"NNO\r\n", 1))
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(waves._Compared, "people", late)
    with pytest.raises(BusinessException, match="changé pendant sa lecture"):
        await waves.differences(workshop, folder="in", day=DAY)


async def test_the_priority_list_is_a_delivery_of_incoming_transfers_the_longest_gap_first(
    workshop: RobotWorkshop,
) -> None:
    path = _expected(workshop)
    name = "mutations-entrantes-vague-1.csv"
    given = {"folder": "in", "day": DAY, "to": "out", "name": name}
    await waves.priority_list(workshop, **given)
    with pytest.raises(AlreadyThere):
        await waves.priority_list(workshop, **given)
    scenario = load_scenario(PROJECT / "scenarios" / "mutation-entrante.yaml", keywords=WORDS)
    delivery = read_delivery(workshop.folders["out"].path / name, by_row(scenario))
    assert delivery.bad == []
    expected = sorted(gap for _, _, codes, gap in planted(path) if "V-04" in codes and gap)[::-1]
    days = [
        (date.fromisoformat(row.values["effect_date"]) - date.fromisoformat(row.values["old_end"])).days - 1
        for row in delivery.rows
    ]
    assert days == expected
    after = [line for _, line, codes, gap in planted(path) if "V-04" in codes and gap]
    assert sorted(row.values["transfer_id"] for row in delivery.rows) == sorted(f"VAG01-{line:06}" for line in after)


def test_the_codes_of_a_person_are_told_apart_and_an_unknown_one_is_refused() -> None:
    found = waves.kinds(found="V-04 V-06")
    assert [name for name, holds in found.model_dump().items() if holds] == ["gap", "account"]
    for wrong in ("", "V-09", "V-04,V-06"):
        with pytest.raises(BusinessException):
            waves.kinds(found=wrong)
