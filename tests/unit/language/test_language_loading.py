"""The real scenario, loaded: what the engine gets, and what its version depends on."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import keywords.bdo
from orchestrator.domain.errors import BusinessException
from orchestrator.domain.keywords import Keyword, Kind, collect
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.language.faults import ExpressionError
from orchestrator.language.load import load_scenario
from orchestrator.language.model import Limits, Mode, Scenario, ScheduleEntry, Severity
from orchestrator.language.staged import Due

Load = Callable[[str], Scenario]


def test_the_scenario_of_the_advances_loads_whole(text: str, load: Load) -> None:
    scenario = load(text)

    assert (scenario.name, scenario.author, scenario.caisse, scenario.robot) == (
        "ij-acompte",
        "cpam-931",
        "cpam-931",
        "acompte-ij",
    )
    assert (scenario.mode, scenario.priority.evaluate({})) == (Mode.LIVE, 10)
    assert scenario.due is not None
    assert scenario.due.evaluate({}) == Due(days=2, business=True)
    assert scenario.parameters == {
        "organism": "019310000",
        "rate": Decimal("0.80"),
        "case_cap": Euros(80_000),
        "minimum": Euros(1_000),
        "approval_above": Euros(70_000),
    }
    assert [(step.id, step.kind) for step in scenario.calls] == [
        ("person", Kind.CHECK),
        ("account", Kind.EXTRACT),
        ("stop", Kind.EXTRACT),
        ("rights", Kind.EXTRACT),
        ("payments", Kind.EXTRACT),
        ("advances", Kind.EXTRACT),
        ("advance", Kind.COMPUTE),
        ("registry", Kind.CHECK),
        ("proposal", Kind.ENTER),
    ]
    assert scenario.limits == Limits(
        parallel=2, per_case=Euros(80_000), per_run=Euros(50_000_000), per_day=Euros(100_000_000)
    )
    assert scenario.schedule == (
        ScheduleEntry(at="06:30", days="business", calendar="FR", missing="run after", repeated="first"),
    )


def test_the_keys_are_rendered_with_canonical_clear_identifiers(text: str, load: Load) -> None:
    scenario = load(text)
    names = {"nir": Nir.parse("2 85 02 2a 999 001 09"), "stop_id": "AT26000101"}

    assert scenario.case.key.render(names) == "285022A99900109/AT26000101"
    entry = scenario.step("proposal")
    assert entry.effect_key is not None
    assert entry.effect_key.render(names) == "ACP-IJ/285022A99900109/AT26000101"
    assert entry.reread == ("payments",)


def test_a_code_may_stop_for_one_cause_and_block_for_another(text: str, load: Load) -> None:
    controls = [control for control in load(text).step("person").controls if control.code == "C-04"]

    assert [(control.condition.text, control.severity) for control in controls] == [
        ("person.found == 1", Severity.STOP),
        ("person.homonyms == 0", Severity.BLOCK),
    ]


def test_codes_have_their_basket_and_what_an_agent_may_do(text: str, load: Load) -> None:
    codes = load(text).codes

    assert (codes["C-05"].queue, codes["C-05"].agent_may) == ("ij-sensible", ("reject", "hand_over"))
    assert (codes["C-09"].queue, codes["C-09"].severity) == ("ij", Severity.BLOCK)
    assert codes["C-07"].severity is Severity.RETRY


def test_a_caisse_has_its_own_values_and_its_own_version(
    folder: Path, text: str, load: Load, known_keywords: dict[str, Keyword]
) -> None:
    other = folder / "ij-acompte.cpam-611.yaml"
    other.write_text('caisse: cpam-611\nvalues:\n  organism: "016110000"\n  rate: 0.75\n', "utf-8")

    ours = load(text)
    theirs = load_scenario(folder / "ij-acompte.yaml", keywords=known_keywords, caisse="cpam-611")

    assert (theirs.caisse, theirs.author) == ("cpam-611", "cpam-931")
    assert (theirs.parameters["organism"], theirs.parameters["rate"]) == ("016110000", Decimal("0.75"))
    assert theirs.hash != ours.hash


def test_the_version_depends_on_what_decides_and_not_on_comments(
    folder: Path, text: str, load: Load, known_keywords: dict[str, Keyword]
) -> None:
    first = load(text).hash

    assert load(text + "\n# un commentaire\n").hash == first
    assert load(text.replace("default: 0.80", "default: 0.85")).hash != first
    documented = replace(known_keywords["ij.advance"], doc="autre formule")
    (folder / "ij-acompte.yaml").write_text(text, "utf-8")
    changed = load_scenario(folder / "ij-acompte.yaml", keywords={**known_keywords, "ij.advance": documented})
    assert changed.hash != first
    rules = folder / "rules" / "ij.yaml"
    rules.write_text(rules.read_text("utf-8").replace("quarantine_days: 30 ", "quarantine_days: 45 "), "utf-8")
    assert load(text).hash != first


def test_rules_are_those_of_the_last_date_reached(text: str, load: Load) -> None:
    scenario = load(text)
    run = type("Run", (), {"date": date(2026, 3, 27)})()
    stop = type("Stop", (), {"medical_date": date(2019, 12, 31)})()

    at_run = scenario.rulebook(scenario.step("person"), {"run": run, "person": object()})
    before_result = scenario.rulebook(scenario.step("stop"), {"run": run})
    at_stop = scenario.rulebook(scenario.step("rights"), {"run": run, "stop": stop, "rights": object()})

    assert at_run.ij.in_force is True
    assert before_result.ij.day == date(2026, 3, 27)
    assert at_stop.ij.in_force is False
    with pytest.raises(BusinessException) as caught:
        _ = at_stop.ij.formula
    assert caught.value.code == "C-15"


def test_a_missing_value_names_step_code_and_line_and_never_a_value(text: str, load: Load) -> None:
    scenario = load(text)
    control = next(found for found in scenario.step("stop").controls if found.code == "C-13")
    line = text[: text.index("- stop.start <= stop.end")].count("\n") + 1

    with pytest.raises(ExpressionError) as caught:
        control.condition.evaluate({"stop": type("Stop", (), {"start": None})()})

    assert str(caught.value) == (
        f"étape stop, C-13, ligne {line} : « stop.start » n'est pas renseigné. "
        "Compléter la condition (ex. known(…) and …)."
    )


def test_another_screen_contract_is_another_version(
    folder: Path, tmp_path: Path, known_keywords: dict[str, Keyword]
) -> None:
    shutil.copytree(Path(keywords.bdo.__file__).parent, tmp_path / "bdo")
    spec = importlib.util.spec_from_file_location("bdo_elsewhere", tmp_path / "bdo" / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    elsewhere = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    known = {**known_keywords, **collect(elsewhere)}
    path = folder / "ij-acompte.yaml"

    first = load_scenario(path, keywords=known).hash
    assert first == load_scenario(path, keywords=known_keywords).hash
    screens = tmp_path / "bdo" / "screens.yaml"
    screens.write_text(screens.read_text("utf-8").replace("BDO - ", "BDO : "), "utf-8")
    assert load_scenario(path, keywords=known).hash != first
