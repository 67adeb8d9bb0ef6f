"""Our keywords in Robot Framework: the real Libdoc and real suites, each in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from orchestrator.bootstrap.world import load_keywords
from orchestrator.domain.keywords import Keyword, Kind
from orchestrator.drivers.robot_suites import SuiteEnd, run_suite
from orchestrator.settings import Settings

LIBRARY = "orchestrator.bootstrap.robot_library.KeywordLibrary"
LIBDOC = """
import json, sys
from robot.libdocpkg import LibraryDocumentation
built = {}
for application in sys.argv[2:]:
    for word in LibraryDocumentation(f"{sys.argv[1]}::{application}").keywords:
        # Robot Framework shows « C 2 S.Household » and, as it does, finds a name whatever its spaces and case
        built[word.name.lower().replace(" ", "")] = [[a.name for a in word.args if a.name], list(word.tags), word.short_doc]
print(json.dumps(built))
"""


async def test_libdoc_builds_for_every_application_from_the_declarations() -> None:
    declared = load_keywords(Settings())
    applications = sorted({word.application for word in declared.values()})
    ran = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-P", "-c", LIBDOC, LIBRARY, *applications], capture_output=True, check=True
    )
    expected = {
        name.replace("_", ""): [_arguments(word), [word.kind.value], word.title] for name, word in declared.items()
    }
    assert json.loads(ran.stdout) == expected


async def test_libdoc_builds_for_the_library_of_the_case() -> None:
    program = LIBDOC.replace('f"{sys.argv[1]}::{application}"', "application")
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-P", "-c", program, LIBRARY, "orchestrator.bootstrap.case_library.CaseLibrary"],
        capture_output=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert sorted(found) == ["control", "controls", "endcase", "planned", "rulesat", "setresult"]
    assert all(documentation for _, _, documentation in found.values())


async def test_a_suite_can_neither_enter_nor_read_without_a_session(tmp_path: Path) -> None:
    declared = load_keywords(Settings())
    words = [word for word in declared.values() if word.kind is not Kind.COMPUTE]
    suite = tmp_path / "essai.robot"
    imports = "".join(
        f"Library    {LIBRARY}    {each}    AS    {each}\n" for each in sorted({word.application for word in words})
    )
    cases = "".join(
        f"{word.name}\n    {word.name}"
        + "".join(f"    {name}={_value(word, name)}" for name in _arguments(word))
        + "\n"
        for word in words
    )
    suite.write_text(f"*** Settings ***\n{imports}*** Test Cases ***\n{cases}", encoding="utf-8")
    result = await run_suite(suite, variables={}, output=tmp_path / "out", limit=60)
    assert result.end is SuiteEnd.FAILED
    said = {each.partition(" : ")[0]: each for each in result.messages}
    assert sorted(said) == sorted(word.name for word in words)
    why = {
        Kind.ENTER: "ne passe que par le protocole",
        Kind.HAND_OVER: "ne se fait que dans la suite cloture.robot",
    }
    for word in words:
        assert why.get(word.kind, "aucune session du robot n'est ouverte") in said[word.name]


def _arguments(word: Keyword) -> list[str]:
    """Return what a suite gives: never the token, always the key of a hand-over."""
    given = [name for name in word.arguments if not (word.entry and name == "token")]
    return [*given, "effect_key"] if word.kind is Kind.HAND_OVER else given


def _value(word: Keyword, name: str) -> str:
    """Write something of the type that Robot Framework converts by itself."""
    kind = str(word.arguments[name].type) if name in word.arguments else "str"
    if "list" in kind:
        return "${{[]}}"
    return "${{{}}}" if "Mapping" in kind else "1" if "int" in kind else "2026-03-02"
