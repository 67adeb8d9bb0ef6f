"""What a campaign delivers and orders: each line's effect as the practice applications know it, and points that can be met."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from checker.evidence import Line, read_ledger
from orchestrator.bootstrap.practice import Practice
from orchestrator.campaign.points import ORDERS, POINTS, met_at, points_at
from orchestrator.campaign.targets import TARGETS
from sandbox.transfers import transfers, wave

DAY = date(2026, 3, 27)


def test_each_line_of_a_wave_is_known_by_its_person_and_transfer_and_one_row_changes(tmp_path: Path) -> None:
    target, asked = TARGETS["progres"], list(transfers(4, 60, DAY))
    lines = wave(asked)
    lines[31] = lines[31][:-9]
    first, again = tmp_path / target.first, tmp_path / target.again.format(1)
    first.write_bytes("\r\n".join([*lines, ""]).encode("cp1252"))
    assert target.effects(first)[1:-1] == [(one.nir, one.reference) for one in asked]

    target.change(Practice(folder=tmp_path, cases=60, seed=4), first, again, 7)
    written = again.read_bytes().decode("cp1252").split("\r\n")
    changed = [(was, now) for was, now in zip([*lines, ""], written, strict=True) if was != now]
    assert len(changed) == 1
    (was, now) = changed[0]
    assert (was[:121], was[122:], {was[121], now[121]}) == (now[:121], now[122:], {"N", "O"})


@pytest.mark.parametrize(
    ("application", "met", "never"), [("compta", "in-the-gate", "pressed"), ("progres", "pressed", "clicking")]
)
def test_only_points_that_an_entry_goes_through_are_drawn(application: str, met: str, never: str) -> None:
    known = points_at(application)
    assert {"claimed", "intended", "confirming", met} <= set(known)
    assert never not in known
    orders = frozenset({f"{met}.kill", f"{never}.kill", "session-killed"})
    assert met_at(application, orders) == {f"{met}.kill", "session-killed"}


def test_every_point_is_met_somewhere() -> None:
    assert {name for application in TARGETS for name in points_at(application)} == set(POINTS)
    assert met_at("compta", frozenset(ORDERS)) | met_at("progres", frozenset(ORDERS)) == set(ORDERS)


def test_a_transfer_in_the_basket_is_a_line_without_amount_and_whose_line_is_cut_is_not_there_yet(
    tmp_path: Path,
) -> None:
    ledger = tmp_path / "progres.ledger.jsonl"
    ledger.write_text(
        '{"seq": 1, "at": "2026-03-27T06:30:00Z", "act": "MUTATION", "nir": "N", "author": "ROB", "reference": "MUT1", '
        '"token": "GLR-A", "number": "M26000001"}\n{"seq": 2, "act": "NOTE"}\n{"seq": 3, "act": "MUTA',
        encoding="utf-8",
    )
    line = Line(
        number="M26000001", effect=("N", "MUT1"), amount_c=0, token="GLR-A", author="ROB", at="2026-03-27T06:30:00Z"
    )
    assert read_ledger(ledger) == [line]
