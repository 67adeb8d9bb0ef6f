"""The editor of the green screen has delivered another release: nothing is read by the old places, nothing typed into them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from green_host import PROJECT, Host, Permit, green_host, ledger

from keywords.progres import attachment, note_advance, notes_seen
from orchestrator.domain.civil import Period
from orchestrator.domain.errors import ScreenChanged
from orchestrator.domain.money import Euros
from orchestrator.drivers.act import Sent
from orchestrator.drivers.applications import load_application
from orchestrator.drivers.canary import walk
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.witness import Witness

_NOTE = {
    "fields": {
        "token": {"row": 4},
        "stop_id": {"row": 5},
        "start": {"row": 6},
        "end": {"row": 7},
        "amount": {"row": 8},
        "reason": {"row": 9},
    }
}
#: What a caisse would write in ``screens.<caisse>.yaml``.
OWN = {
    "version": "V02",
    "screens": {
        "organism": {
            "fields": {
                "certified": {"row": 4, "column": 24},
                "organism": {"row": 5, "column": 24},
                "since": {"row": 6, "column": 24, "label": "RATTACHE LE"},
            }
        },
        "note": _NOTE,
        "confirm": _NOTE,
    },
}


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with green_host(tmp_path) as opened:
        (tmp_path / "releases.json").write_text(json.dumps({"progres": "2"}))
        yield opened


def adopted(folder: Path) -> TerminalContract:
    """Return the contract with what a caisse says of its own release."""
    folder.mkdir()
    (folder / "screens.here.yaml").write_text(yaml.safe_dump(OWN), encoding="utf-8")
    found = load_application(PROJECT / "keywords" / "progres" / "screens.yaml", caisse="here", local=folder)
    assert isinstance(found, TerminalContract)
    return found


def note(host: Host) -> dict[str, Any]:
    return {
        "nir": host.people()[0][0], "stop_id": "AT26000101", "period": Period(date(2026, 3, 1), date(2026, 3, 9)),
        "amount": Euros(135904), "token": "GLR-ABCDEFGHJK",
    }  # fmt: skip


async def test_by_the_contract_of_before_nothing_is_read_nor_typed_and_the_walk_says_why(host: Host) -> None:
    nir = host.people()[0][0]
    with pytest.raises(ScreenChanged, match="V01"):
        await attachment(host.desk(), nir=nir)
    with pytest.raises(ScreenChanged):
        await note_advance(host.desk(), **note(host))
    found = await walk(host.desk(), Witness(values={"nir": nir.reveal()}))
    assert {("V01" in each.text) for each in found.stopping} == {True}, "told by its version, wherever it is opened"
    assert ledger(host.folder) == []


async def test_with_the_places_of_the_release_it_is_read_and_entered_as_before(host: Host, tmp_path: Path) -> None:
    known, nir = adopted(tmp_path / "own"), host.people()[0][0]
    assert (await walk(host.desk(known), Witness(values={"nir": nir.reveal()}))).differences == ()
    assert (await attachment(host.desk(known), nir=nir)).certified
    desk = host.desk(known)
    act = await note_advance(desk, **note(host))
    assert await act.perform(Permit()) is Sent.ANSWERED
    (line,) = ledger(host.folder)
    assert (line["stop"], line["amount_c"], line["free_reference"]) == ("AT26000101", 135904, "GLR-ABCDEFGHJK")
    (seen,) = await notes_seen(desk, nir=nir)
    assert (seen.reference, seen.amount) == (line["number"], Euros(135904))
