"""Suites of Robot Framework as steps: the same keywords on the same desks, what they raise and return kept as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from demo_house import wait_for
from robot_world import DAY, PROJECT, PracticeWorld, RobotWorld
from suite_world import BLOCK, ENTERS, HEAD, READ, STEP, ended, entering, faults, loaded, told, written
from workshops import workshop_in

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.money import Euros
from orchestrator.drivers.deliveries import read_delivery
from orchestrator.engine.dry_run import DryCase, dry_run
from orchestrator.engine.grouping import by_row, gather
from orchestrator.engine.replay import CaseReplay, Replayed, Trial, replay
from orchestrator.engine.results import RowResult
from orchestrator.engine.shadow import Agreement, Compared, compare
from orchestrator.engine.suite_steps import SuiteRunner
from orchestrator.engine.versions import restore
from orchestrator.settings import Settings
from orchestrator.store.database import Database


def test_a_suite_reads_on_the_robots_desks_and_what_it_returns_decides(
    worked: Any, practice_world: PracticeWorld, tmp_path: Path, owner_url: str
) -> None:
    scenario = loaded(written(tmp_path, READ, STEP, C_05=BLOCK, R_ARRET=BLOCK))
    fine = practice_world.take("entered")
    dead = next(row for row in practice_world.rows if (row.codes, row.amount_c) == (("C-05",), None))  # in BDO

    first, second = worked(scenario, lambda world: ended(world, fine, dead))

    assert (first.outcome, first.codes) == ("other_end", ())
    assert (second.outcome, second.codes) == ("exception", ("C-05",))
    one = {"step": "seen"}
    begun = {**one, "verb": "suite.begun", "suite": "robots/acompte-ij/suite.robot", "task": "Lire L'Arrêt"}
    keywords = [
        {**one, "verb": "keyword.ended", "keyword": name, "kind": kind, "status": "passed", "code": ""}
        for name, kind in (("bdo.person", "check"), ("arpege.stop", "extract"))
    ]
    quick = [each for each in told(owner_url) if each["verb"] != "keyword.begun"]  # told apart where a page was slow
    assert quick == [begun, *keywords, {**one, "verb": "suite.ended"}] * 2


def test_a_suite_enters_by_the_protocol_only_after_approval(
    worked: Any, practice_world: PracticeWorld, owner_url: str
) -> None:
    scenario = loaded(PROJECT / "scenarios" / "ij-acompte-robot.yaml")
    row = practice_world.take("awaiting_approval")

    async def what(world: RobotWorld) -> list[RowResult]:
        run = (await world.deliver(row)).run
        await world.work()
        before = await world.only(run)
        assert practice_world.lines_of(row.stop) == []
        async with Database(owner_url, size=1) as owner, owner.transaction("agent:chef") as tx:
            await tx.connection.execute(
                "update approval set state = 'approved', validator = 'chef', decided_at = now()"
            )
            await tx.connection.execute("update cases set state = 'ready' where run = %s", [run])
        await world.work()
        return [before, await world.only(run)]

    before, after = worked(scenario, what)
    assert (before.outcome, before.amount_c) == ("awaiting_approval", row.amount_c)
    assert after.outcome == "entered"
    assert [line["amount_c"] for line in practice_world.lines_of(row.stop)] == [row.amount_c]


@pytest.mark.parametrize(
    ("suite", "fault", "lines", "said"),
    [
        (entering(), {"fault": "after"}, 1, {("entered", False)}),
        (entering(), {"fault": "before"}, 0, {("exception", True)}),
        # it lands before the look, or after it on a fast machine: then a person is told that it may still
        (entering("5 seconds"), {"fault": "slow", "seconds": 9.0}, 1, {("entered", False), ("exception", True)}),
    ],
)
def test_an_act_that_may_have_happened_is_a_doubt_also_when_the_suites_own_time_is_over(
    worked: Any,
    practice_world: PracticeWorld,
    tmp_path: Path,
    owner_url: str,
    suite: str,
    fault: dict[str, Any],
    lines: int,
    said: set[tuple[str, bool]],
) -> None:
    scenario = loaded(written(tmp_path, suite, ENTERS))
    row = practice_world.take("entered")
    practice_world.fault({"on": "POST /avances", "stop": row.stop, "times": 1, **fault})

    (found,) = worked(scenario, lambda world: ended(world, row))

    assert (found.outcome, found.doubtful) in said
    wait_for(lambda: len(practice_world.lines_of(row.stop)) == lines, f"{lines} lines in COMPTA")
    if fault["fault"] == "slow":  # what hangs is in the log before it ends
        assert [each["verb"] for each in told(owner_url) if each.get("keyword") == "compta.propose_advance"] == [
            "keyword.begun",
            "keyword.ended",
        ]


AND_A_LETTER = """
    letters.deposit    folder=out    template=acompte.html    addressee=${stop.birth_name}    subject=${stop_id}
    ...    period=${stop.period}    amount=100,00

*** Settings ***
Library    orchestrator.bootstrap.robot_library.KeywordLibrary    letters    AS    letters"""
THE_LETTER = """      letters.deposit:
        with: {folder: out, subject: "${stop_id}"}
        effect_key: LETTRE/${nir}/${stop_id}
"""


def test_every_entry_that_a_suite_would_make_is_shown_and_each_that_pays_is_compared(
    worked: Any, practice_world: PracticeWorld, tmp_path: Path
) -> None:
    path = written(tmp_path, entering().replace("\n*** Settings ***", AND_A_LETTER), ENTERS + THE_LETTER, mode="shadow")
    scenario, row = loaded(path), practice_world.take("entered")

    async def what(world: RobotWorld) -> tuple[list[Compared], list[CaseReplay], list[DryCase]]:
        bench, runner = world.bench, world.bench.suites
        assert isinstance(runner, SuiteRunner)
        bench.workshop = workshop_in(tmp_path)
        (bench.workshop.home / "modeles" / "acompte.html").write_text("<p>Bonjour</p>", encoding="utf-8")
        run = (await world.deliver(row)).run
        await world.work()
        compared = await compare(bench, run, {row.stop: [Euros(9900)]})
        trial = Trial(
            scenario=scenario, keywords=bench.keywords, database=bench.database, vault=bench.vault, robot=runner.robot
        )
        replayed = await replay(trial, run)
        cases = gather(read_delivery(tmp_path / "anomalies-arpege-1.csv", by_row(scenario)), scenario).cases
        tried = [case async for case in dry_run(bench, cases, DAY, runner.robot)]
        await bench.workshop.close()
        return compared, replayed, tried

    compared, replayed, tried = worked(scenario, what)
    assert practice_world.lines_of(row.stop) == []
    assert [(one.result, one.robot, one.people) for one in compared] == [
        (Agreement.DIFFER, Euros(10_000), Euros(9900)),
    ]
    assert [one.result for one in replayed] == [Replayed.SAME]
    assert [(one.issue, one.amount) for one in tried] == [("2 saisies", Euros(10_000))]


def test_a_suite_cannot_enter_for_somebody_else(worked: Any, practice_world: PracticeWorld, tmp_path: Path) -> None:
    scenario = loaded(written(tmp_path, entering(about="AT26999999"), ENTERS))
    row = practice_world.take("entered")
    (found,) = worked(scenario, lambda world: ended(world, row))
    assert (found.outcome, found.codes) == ("exception", ("EntryForAnother",))
    assert practice_world.lines_of(row.stop) == practice_world.lines_of("AT26999999") == []


def test_a_live_scenario_that_pays_refuses_what_is_outside_and_one_that_does_not_declare_it_too(tmp_path: Path) -> None:
    suite = entering() + "Library    RPA.FileSystem\n"
    outside = ENTERS.replace("    enters:", "    outside_guarantee: true\n    enters:")
    said = faults(written(tmp_path / "pays", suite, outside))
    assert "essai.yaml:32:5: une suite hors de la garantie ne saisit pas. Saisir dans une autre étape." in said
    assert any("un scénario réel qui paie ne l'emploie pas" in each for each in said)
    undeclared = faults(written(tmp_path / "undeclared", suite, ENTERS))
    assert undeclared[-1].startswith(
        "suite.robot:14:12: la bibliothèque « RPA.FileSystem » peut agir dans une application"
    )


GIVE = "Ajouter sous with: unknown: ${…}"
NAMES = "Des minuscules, chiffres et _ (ex. nothing_to_pay), écrits dans la suite."


def test_every_mistake_of_a_suite_is_told_at_its_own_line_before_any_case(tmp_path: Path) -> None:
    suite = """Lire L'Arrêt
    ${person}=    bdo.persom    nir=${nir}
    ${stop}=    arpege.stop    nir=${nir}    stop=${stop_id}
    Control    C-05    stop.foundd
    Control    C-99    stop.found
    Set Result    stop=${stop}    more=1
    Log    ${unknown}
    End Case    entered
    Controls    C-05    stop.foundd    C-98    stop.found
    Controls    C-05
"""
    said = faults(written(tmp_path, suite, STEP, C_05=BLOCK, R_ARRET=BLOCK))
    assert said == [
        "essai.yaml:36:7: result : la tâche ne rend pas « kind ». Set Result    nom=${…}",
        "suite.robot:8:19: mot-clé « bdo.persom » inconnu. Écrire « bdo.person » ?",
        "suite.robot:9:46: « arpege.stop » n'a pas d'argument « stop ». Écrire « stop_id » ?",
        "suite.robot:10:29: « stop » n'a pas de champ « foundd ». Écrire « found » ?",
        "suite.robot:11:16: le code « C-99 » n'a pas de titre. Ajouter au scénario, sous exceptions, codes : C-99: {title: …}",
        "suite.robot:12:35: Set Result : « more » n'est pas déclaré. L'ajouter sous result, dans l'étape.",
        f"suite.robot:13:12: la variable ${{unknown}} n'est donnée ni par la suite ni par l'étape. {GIVE}",
        f"suite.robot:14:5: End Case : « entered » n'est pas le nom d'une fin. {NAMES}",
        "suite.robot:15:30: « stop » n'a pas de champ « foundd ». Écrire « found » ?",
        "suite.robot:15:40: le code « C-98 » n'a pas de titre. Ajouter au scénario, sous exceptions, codes : C-98: {title: …}",
        "suite.robot:16:5: Controls attend un code, puis sa condition, autant de fois qu'il le faut",
    ]


def test_what_would_be_done_once_for_all_cases_of_a_session_is_refused(tmp_path: Path) -> None:
    once = "\n*** Settings ***\nSuite Setup    bdo.person    nir=${nir}\nTask Teardown    No Operation\n"
    said = faults(written(tmp_path, READ + once, STEP, C_05=BLOCK, R_ARRET=BLOCK))
    why = "Suite Setup vaut pour la suite, qui sert tous les dossiers d'une session."
    assert said == [f"suite.robot:14:1: {why} Écrire Task Setup, qui vaut pour chaque dossier."]


def test_the_text_of_a_suite_is_part_of_its_version_and_comes_back_from_it(tmp_path: Path) -> None:
    path = written(tmp_path, READ, STEP, C_05=BLOCK, R_ARRET=BLOCK)
    before = loaded(path)
    keywords = load_keywords(Settings(workspace=tmp_path, home=PROJECT))
    suite = tmp_path / "robots" / "acompte-ij" / "suite.robot"
    suite.write_text(suite.read_text("utf-8") + "    No Operation\n", encoding="utf-8")
    assert loaded(path).hash != before.hash
    restored = restore("essai", before.hash, before.version.files, keywords, "cpam-931").scenario
    (task,) = [call.task for call in restored.calls]
    assert task is not None
    assert task.files["robots/acompte-ij/suite.robot"] == HEAD + READ
