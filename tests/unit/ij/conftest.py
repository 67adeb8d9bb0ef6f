"""The worked example A01 of the domain, and its rules, to be varied."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keywords.arpege.models import Income, Rights, StopRead
from keywords.compta.models import Advance
from keywords.ij import advance
from keywords.ij.models import AdvanceComputed
from orchestrator.domain.money import Euros
from orchestrator.domain.rules import PackAt, RulePack
from orchestrator.language.faults import Faults
from orchestrator.language.rulepacks import load_rule_pack

RULES = Path(__file__).parents[3] / "scenarios" / "rules" / "ij.yaml"

Compute = Callable[..., AdvanceComputed]


@pytest.fixture(scope="session")
def pack() -> RulePack:
    """The real rule pack."""
    faults = Faults(file=RULES.name)
    loaded, _ = load_rule_pack(RULES, faults)
    assert loaded is not None
    assert faults.found == []
    return loaded


def stop_of(**changes: Any) -> StopRead:
    """The stop of A01, or another one."""
    values: dict[str, Any] = {
        "screen_date": date(2026, 3, 27),
        "reference": "AT26000101",
        "kind": "INITIAL",
        "start": date(2026, 3, 2),
        "end": date(2026, 4, 5),
        "prescribed_on": date(2026, 3, 2),
        "medical_date": date(2026, 3, 2),
        "received_on": date(2026, 3, 3),
        "risk": "AS",
        "opinion": "SANS",
        "state": "ENREGISTRE",
        "part_time": False,
        "ald": False,
    }
    return StopRead(**{**values, **changes})


def rights_of(*incomes: tuple[int, int] | tuple[int, int, int, int], **changes: Any) -> Rights:
    """Rights with incomes ``(year, euros)`` or ``(year, euros, due, paid)``."""
    rows = [(*row, 1, 1) if len(row) == 2 else row for row in incomes]
    values: dict[str, Any] = {
        "category": "TI",
        "affiliated_on": date(2015, 1, 1),
        "disability_pension": False,
        "old_age_benefit": False,
        "payment_schedule": False,
        "days_indemnified": 0,
        "screen_date": date(2026, 3, 27),
        "incomes": tuple(
            Income(year=year, income=Euros(income * 100), due=Euros(due * 100), paid=Euros(paid * 100))
            for year, income, due, paid in rows
        ),
    }
    return Rights(**{**values, **changes})


A01 = ((2023, 30_000), (2024, 36_000), (2025, 27_000))


@pytest.fixture
def compute(pack: RulePack) -> Compute:
    """Compute an advance: that of A01, with what is given instead."""

    def computed(
        stop: StopRead | None = None,
        rights: Rights | None = None,
        advances: list[Advance] | None = None,
        as_of: date = date(2026, 3, 27),
    ) -> AdvanceComputed:
        stop = stop or stop_of()
        result: AdvanceComputed = advance(
            stop=stop,
            rights=rights or rights_of(*A01),
            advances=advances or [],
            as_of=as_of,
            rate=Decimal("0.80"),
            cap=Euros(80_000),
            rules=PackAt(pack=pack, day=stop.medical_date),
        )
        return result

    return computed


@pytest.fixture
def make_stop() -> Callable[..., StopRead]:
    """Make a stop like that of A01."""
    return stop_of


@pytest.fixture
def make_rights() -> Callable[..., Rights]:
    """Make rights with incomes."""
    return rights_of
