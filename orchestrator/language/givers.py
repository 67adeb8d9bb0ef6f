"""Scenarios whose ended cases are another's: they must have such an end, and such fields (ADR 44)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestrator.domain.errors import SettingsError
from orchestrator.domain.sources import CasesSource
from orchestrator.language.compile_controls import OWN_ENDS
from orchestrator.language.model import Scenario


def check_givers(scenario: Scenario, load: Callable[[str], Scenario | None]) -> Iterator[str]:
    """Give a note, in French, for each giver that is not here; raises :class:`SettingsError` for one that cannot give that.

    :param load: the scenario of a name; None when the project has none.
    """
    for source in scenario.sources:
        if not isinstance(source, CasesSource):
            continue
        giver = load(source.scenario)
        if giver is None:
            yield f"le scénario « {source.scenario} » n'est pas ici, rien ne viendra de lui."
        else:
            _check(scenario, source, giver)


def _check(scenario: Scenario, source: CasesSource, giver: Scenario) -> None:
    woken = (giver.wakes.woken, giver.wakes.otherwise) if giver.wakes else ()
    ends = {*OWN_ENDS, *woken, *(name for step in giver.steps for name in step.ends)}
    if source.ended not in ends:
        raise SettingsError(
            f"{scenario.name}, source cases : « {giver.name} » ne finit aucun dossier en « {source.ended} » "
            f"(ses fins : {', '.join(sorted(ends))})."
        )
    for name, field in scenario.case.fields.items():
        part = source.parts[name]
        given = giver.case.fields.get(part)
        if given is None or given.type != field.type:
            what = "n'a pas ce champ" if given is None else f"en a un de type {given.type}"
            raise SettingsError(
                f"{scenario.name}, source cases : le champ « {name} » ({field.type}) viendrait de « {part} », et "
                f"« {giver.name} » {what} (ses champs : {', '.join(giver.case.fields)})."
            )
