"""Scenarios whose waiting cases another wakes: their keys must be made as that one makes them (ADR 46)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from orchestrator.domain.errors import SettingsError
from orchestrator.language.model import Scenario
from orchestrator.language.templates import Template


def check_woken(scenario: Scenario, load: Callable[[str], Scenario | None]) -> Iterator[str]:
    """Give a note, in French, for each woken scenario that is not here; raises :class:`SettingsError` for another key.

    :param load: the scenario of a name; None when the project has none.
    """
    for name, key in scenario.wakes.cases if scenario.wakes else ():
        other = load(name)
        if other is None:
            yield f"le scénario « {name} » n'est pas ici, aucun de ses dossiers ne reprendra."
        elif _form(scenario, key) != _form(other, other.case.key):
            raise SettingsError(
                f"{scenario.name}, wakes : la clé « {key.text} » n'a pas la forme de celle de « {name} », "
                f"« {other.case.key.text} » (mêmes séparateurs, mêmes types) : aucun dossier ne reprendrait."
            )


def _form(scenario: Scenario, key: Template) -> tuple[tuple[str, ...], list[str]]:
    return key.pieces, [scenario.case.fields[name].type for name in key.names]
