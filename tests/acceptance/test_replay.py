"""A version tried on recorded cases: the same version shows no difference, ten planted regressions show each field they touch.

What is expected comes from the oracle's own outcomes and amounts, or from the words that were changed.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from demo_house import Row
from demo_world import Done

from orchestrator.bootstrap.reports import replay_run
from orchestrator.bootstrap.world import World, build_world
from orchestrator.cli import options
from orchestrator.engine.replay import CaseReplay, Replayed

PROJECT = Path(__file__).resolve().parents[2]
AMOUNT = "proposal · Montant de l'acompte"


def to_pay(row: Row) -> bool:
    return row.outcome in {"entered", "awaiting_approval"}


@dataclass(frozen=True, kw_only=True)
class Regression:
    """One change that an owner might make by mistake."""

    before: str
    after: str
    #: The fields it changes among those cases that are proposed before and after.
    fields: frozenset[str]
    #: Which rows the oracle would pay and that must differ.
    touches: Callable[[Row], bool] = to_pay
    stops: bool = False


def amount_c(row: Row) -> int:
    return row.amount_c or 0


REGRESSIONS = {
    "rate": Regression(
        before="default: 0.80",
        after="default: 0.70",
        fields=frozenset(
            {
                AMOUNT,
                "proposal · validation",
                "advance · Part avancée",
                "advance · Acompte avant plafond",
                "advance · Acompte",
            }
        ),
    ),
    "cap": Regression(
        before="default: 800.00 EUR",
        after="default: 100.00 EUR",
        fields=frozenset({AMOUNT, "proposal · validation", "advance · Acompte", "advance · Plafond par dossier"}),
    ),
    "minimum": Regression(
        before="default: 10.00 EUR",
        after="default: 300.00 EUR",
        fields=frozenset({"issue"}),
        touches=lambda row: to_pay(row) and amount_c(row) < 30000,
    ),
    "approval": Regression(
        before="default: 700.00 EUR",
        after="default: 600.00 EUR",
        fields=frozenset({"proposal · validation"}),
        touches=lambda row: to_pay(row) and 60000 < amount_c(row) <= 70000,
    ),
    "effect key": Regression(
        before="ACP-IJ/${nir}/${stop_id}",
        after="ACOMPTE/${nir}/${stop_id}",
        fields=frozenset({"proposal · clé d'effet"}),
    ),
    "organism": Regression(
        before="person.organism == organism",
        after="person.organism != organism",
        fields=frozenset({"issue"}),
        stops=True,
    ),
    "name": Regression(
        before="C-03: same_name(person.birth_name, birth_name)",
        after="C-03: not same_name(person.birth_name, birth_name)",
        fields=frozenset({"issue"}),
        stops=True,
    ),
    "threshold": Regression(
        before="advance.raam >= advance.threshold",
        after="advance.raam < advance.threshold",
        fields=frozenset({"issue"}),
        stops=True,
    ),
    "period": Regression(
        before="      period: ${advance.period}",
        after="      period: ${stop.period}",
        fields=frozenset({"proposal · Période"}),
    ),
    "another date": Regression(
        before="rules_at: stop.medical_date ",
        after="rules_at: add_years(stop.medical_date, -10) ",
        fields=frozenset({"issue"}),
        stops=True,
    ),
}


@pytest.fixture(scope="module")
def world(quiet_demo: Done) -> Iterator[World]:
    """Open the world of the finished demo; its database is stopped afterwards."""
    assert quiet_demo.demo.code == 0, quiet_demo.demo.err
    opened = asyncio.run(build_world(options.settings_of(quiet_demo.house.workspace)))
    yield opened
    opened.stop_database()


def run_of(done: Done) -> str:
    return str(done.house.runs()[0])


def tried(world: World, run: str, folder: Path, change: Regression) -> list[CaseReplay]:
    shutil.copytree(PROJECT / "scenarios", folder)
    path = folder / "ij-acompte.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(change.before) == 1
    path.write_text(text.replace(change.before, change.after), encoding="utf-8")
    return asyncio.run(replay_run(world, run, path))


def test_the_same_version_shows_no_difference(quiet_demo: Done, world: World) -> None:
    finished = quiet_demo.house.run("replay", run_of(quiet_demo)[:8], "--json", *quiet_demo.house.here)
    assert finished.code == 0, finished.err
    good = sum(row.outcome != "set_aside" for row in quiet_demo.house.oracle().values())
    assert finished.json == {"same": good, "changed": 0, "new_exception": 0, "not_replayed": 0, "differences": 0}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_a_planted_regression_is_listed_field_by_field(
    quiet_demo: Done, world: World, tmp_path: Path, name: str
) -> None:
    change = REGRESSIONS[name]
    found = tried(world, run_of(quiet_demo), tmp_path / "scenarios", change)
    differing = [case for case in found if case.differences]
    assert {item.field for case in differing for item in case.differences} == change.fields
    expected = sum(change.touches(row) for row in quiet_demo.house.oracle().values())
    proposed = [case for case in differing if _was_proposed(case)]
    assert len(proposed) >= expected > 0
    counted = Counter(case.result for case in proposed)
    assert set(counted) == {Replayed.NEW_EXCEPTION if change.stops else Replayed.CHANGED}


def _was_proposed(case: CaseReplay) -> bool:
    return all(item.before == "saisie" for item in case.differences if item.field == "issue")


def test_a_version_that_reads_something_else_is_not_judged(quiet_demo: Done, world: World, tmp_path: Path) -> None:
    change = Regression(
        before="      nir: ${nir}\n      stop_id: ${stop_id}\n    rules_at",
        after="      nir: ${nir}\n      stop_id: X${stop_id}\n    rules_at",
        fields=frozenset(),
    )
    found = tried(world, run_of(quiet_demo), tmp_path / "scenarios", change)
    assert {case.result for case in found} == {Replayed.NOT_REPLAYED}
    assert {case.reason for case in found} == {"lecture non enregistrée : arpege.stop"}


def test_nothing_shown_of_a_replay_is_personal(quiet_demo: Done, world: World, tmp_path: Path) -> None:
    found = tried(world, run_of(quiet_demo), tmp_path / "scenarios", REGRESSIONS["effect key"])
    shown = " ".join(f"{item.before} {item.after}" for case in found for item in case.differences)
    assert shown
    assert [nir for nir, _ in quiet_demo.house.keys().values() if nir in shown] == []
