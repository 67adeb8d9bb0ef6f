"""What an evening says at its end: JSON by scenario, and a table that a newcomer can read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console

from orchestrator.bootstrap.practice import Part
from orchestrator.cli import commands
from orchestrator.cli.evening_summary import EveningSummary, Played
from orchestrator.cli.summary import Summary
from orchestrator.engine.results import RowOutcome, RowResult


def row(line: int, outcome: RowOutcome) -> RowResult:
    return RowResult(
        line=line, outcome=outcome, end=None, amount_c=None, codes=(), doubtful=False, reference=None, entry_reference=None
    )  # fmt: skip


def played(robot: str, scenario: str, *outcomes: RowOutcome, wrong: Sequence[str] = (), twice: int = 0) -> Played:
    rows = [row(line, outcome) for line, outcome in enumerate(outcomes, start=2)]
    summary = Summary(
        rows=rows, differences=wrong, ledger_lines=1, ledger_duplicates=twice, refused=None, seconds=2.0
    )  # fmt: skip
    part = Part(name=scenario, scenario=scenario, robot=robot, login="ROB", work="", delivery=Path("x.csv"))
    return Played(part=part, summary=summary, entries={"compta": 1})


def shown(summary: EveningSummary) -> str:
    console = Console(width=80, record=True, file=Path("/dev/null").open("w", encoding="utf-8"))  # noqa: SIM115
    summary.show(console)
    return console.export_text()


ENTERED, EXCEPTION, END = RowOutcome.ENTERED, RowOutcome.EXCEPTION, RowOutcome.OTHER_END


def test_an_evening_says_which_robot_did_what_and_0_difference() -> None:
    first = played("acompte-ij", "ij-acompte", ENTERED, EXCEPTION, RowOutcome.SET_ASIDE)
    evening = EveningSummary(played=[first, played("droits", "prolonger", ENTERED, END)], strays=[])
    text = shown(evening)
    assert [line.split() for line in text.splitlines() if "│" in line] == [
        ["│", "acompte-ij", "│", "│", "│", "│", "│", "│"],
        ["│", "ij-acompte", "│", "3", "│", "1", "│", "0", "│", "2", "│", "0", "│"],
        ["│", "droits", "│", "│", "│", "│", "│", "│"],
        ["│", "prolonger", "│", "2", "│", "1", "│", "1", "│", "0", "│", "0", "│"],
        ["│", "Total", "│", "5", "│", "2", "│", "1", "│", "2", "│", "0", "│"],
    ]
    assert "0 différence" in text
    assert list(evening.as_json()["scenarios"]) == ["ij-acompte", "prolonger"]
    assert evening.as_json()["scenarios"]["ij-acompte"] == first.summary.as_json()


def test_an_evening_names_the_scenario_of_each_difference_and_acts_of_nobody_s_case() -> None:
    evening = EveningSummary(
        played=[played("a", "ij-acompte", ENTERED, wrong=["ligne 2 : autre"], twice=1)], strays=["C2S : RAPPEL sans dossier"]
    )  # fmt: skip
    assert evening.differences == ["ij-acompte, ligne 2 : autre", "C2S : RAPPEL sans dossier"]
    assert evening.ledger_duplicates == 1
    assert "0 différence" not in shown(evening)


def test_a_robot_and_a_scenario_are_not_asked_for_together() -> None:
    refused = CliRunner().invoke(commands, ["demo", "--robot", "all", "--scenario", "ij-acompte-robot"])
    assert refused.exit_code == 2
    assert "pas les deux" in refused.output
