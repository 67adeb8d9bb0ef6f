"""What a guard is replaced by takes what the guard takes: one that fails instead lets nothing through, and proves nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from orchestrator.campaign.guards import GUARDS
from orchestrator.drivers import act, desk, gate, terminal_act
from orchestrator.engine import doubts, enter, entry_ledger, lease, work
from orchestrator.store import database

MODULES: tuple[ModuleType, ...] = (act, desk, gate, terminal_act, doubts, enter, entry_ledger, lease, work, database)


def _functions() -> dict[tuple[object, str], Any]:
    """Every function of these modules and of their classes, by where it stands."""
    owners = [owner for module in MODULES for owner in (module, *filter(inspect.isclass, vars(module).values()))]
    return {
        (owner, name): value
        for owner in owners
        for name, value in vars(owner).items()
        if callable(value) and not inspect.isclass(value)
    }


@pytest.fixture
def replaced(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[Callable[..., Any], ...]]]:
    """Take a guard out; give each function that it replaced and its replacement."""
    before = _functions()
    monkeypatch.setattr(lease.LeasePermit, "until", lease.LeasePermit.until)
    GUARDS[request.param].take_out()
    after = _functions()
    yield [(known, after[place]) for place, known in before.items() if after[place] is not known]
    for (owner, name), known in before.items():
        if after[owner, name] is not known:
            setattr(owner, name, known)


@pytest.mark.parametrize("replaced", GUARDS, indirect=True)
def test_what_stands_in_for_a_guard_may_be_called_as_the_guard_is(
    replaced: list[tuple[Callable[..., Any], ...]],
) -> None:
    assert replaced
    for known, instead in replaced:
        asked = inspect.signature(known).parameters.values()
        given = [each.name for each in asked if each.kind is each.POSITIONAL_OR_KEYWORD]
        inspect.signature(instead).bind(*given, **{each.name: 0 for each in asked if each.kind is each.KEYWORD_ONLY})
