"""Changes of the green screen's drawings, by seed: nothing is read or entered otherwise, and the quiet ones stop nobody.

Truth is what is read without the change, and the host's own ledger.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from green_host import Host, Permit, contract, green_host, ledger

from keywords.progres import attachment, note_advance, notes_seen, salaried
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import GlrError
from orchestrator.domain.money import Euros
from orchestrator.domain.personal import Nir
from orchestrator.drivers import terminal_desk, terminal_screen
from orchestrator.drivers.terminal_contracts import TerminalContract
from sandbox.green.layout import layouts
from sandbox.green.mutations import KINDS, mutated

SCREENS = ("PGM0", "PGI1", "PGR1", "PGN1", "PGN2", "PGN3", "PGL1")
WHEN, AMOUNT, STOP, TOKEN = Period(date(2026, 3, 1), date(2026, 3, 9)), Euros(135904), "AT26000101", "GLR-ABCDEFGHJK"
EVER = Period(date(2015, 1, 1), date(2035, 1, 1))


@dataclass(frozen=True)
class Change:
    """One change of one screen."""

    screen: str
    kind: str
    seed: int


def changes() -> list[Change]:
    """Every kind, on every other screen that has such a part."""
    found = [Change(screen, kind, seed) for seed, kind in enumerate(KINDS) for screen in SCREENS]
    fit = [one for one in found if mutated(layouts()[one.screen], one.kind, one.seed) != layouts()[one.screen]]
    return fit[::2]


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with green_host(tmp_path) as opened:
        yield opened


def serve(host: Host, change: Change | None) -> None:
    (host.folder / "mutations.json").write_text(json.dumps({"progres": vars(change)} if change else {}))


async def seen(host: Host, known: TerminalContract, nir: Nir) -> list[Any]:
    """Read all that a robot reads of a person; what is stopped is not read."""
    desk, found = host.desk(known), list[Any]()
    looks: list[Callable[[], Awaitable[Any]]] = [
        lambda: salaried(desk, nir=nir, period=EVER),
        lambda: attachment(desk, nir=nir),
        lambda: notes_seen(desk, nir=nir),
    ]
    for look in looks:
        try:
            found.append(await look())
        except GlrError:
            found.append(None)
    await desk.discard()
    return found


async def noted(host: Host, known: TerminalContract, nir: Nir) -> list[dict[str, Any]]:
    """Enter a note; return what the host's ledger has more since."""
    desk, before = host.desk(known), len(ledger(host.folder))
    try:
        act = await note_advance(desk, nir=nir, stop_id=STOP, period=WHEN, amount=AMOUNT, token=TOKEN)
        await act.perform(Permit())
    except GlrError:
        pass
    await desk.discard()
    return ledger(host.folder)[before:]


def as_wanted(act: dict[str, Any], nir: Nir) -> bool:
    said = (act["nir"], act["stop"], act["from"], act["to"], act["amount_c"], act["free_reference"])
    return said == (nir.reveal(), STOP, "2026-03-01", "2026-03-09", 135904, TOKEN)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """This host shows a screen whole: none that is not known is waited for."""
    monkeypatch.setattr(terminal_desk, "_MORE", 0)


async def test_no_change_is_read_or_entered_otherwise_and_quiet_ones_stop_nobody(host: Host) -> None:
    people, known = [nir for nir, _ in host.people()], contract()
    right = await seen(host, known, people[0])
    assert None not in right
    stopped = 0
    for number, change in enumerate(changes()):
        nir = people[1 + number % (len(people) - 1)]
        serve(host, change)
        found, made = await seen(host, known, people[0]), await noted(host, known, nir)
        serve(host, None)
        assert [(one, truth) for one, truth in zip(found, right, strict=True) if one not in (None, truth)] == [], change
        assert [act for act in made if not as_wanted(act, nir)] == [], change
        is_stopped = None in found or not made
        assert not (is_stopped and change.kind == "banner"), change
        stopped += is_stopped
    print(f"{stopped} of {len(changes())} changes stopped")
    assert stopped > len(changes()) / 2
    assert {one.kind for one in changes()} == {*KINDS}


async def test_without_a_look_at_where_fields_begin_a_part_is_read_as_the_whole(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        terminal_screen, "_whole", lambda rows, row, column, length: rows[row - 1][column - 1 :][:length].strip()
    )
    nir, known = host.people()[0][0], contract()
    right = await seen(host, known, nir)
    serve(host, Change("PGR1", "shorten_field", seed=7))
    found = await seen(host, known, nir)
    assert [one for one, truth in zip(found, right, strict=True) if one not in (None, truth)] != []
