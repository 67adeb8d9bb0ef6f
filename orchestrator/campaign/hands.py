"""What an agent types by hand, as a person does: in COMPTA's page, at PROGRES's terminal. It may fail after it was kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress

import httpx

from orchestrator.bootstrap.practice import TODAY
from orchestrator.campaign.house import House
from orchestrator.campaign.targets import Effect
from orchestrator.domain.errors import GlrError
from orchestrator.drivers.terminal_contracts import TerminalContract
from orchestrator.drivers.terminal_pipe import TerminalPipe

_AGENT = "A1001"
_DAY = "/".join(reversed(TODAY.split("-")))
_WHY = "Saisie par un agent"


class NotNow(Exception):
    """Something answered otherwise than expected: tried again later."""


def _password(house: House) -> str:
    known = json.loads((house.practice.folder / "accounts.json").read_text("utf-8"))
    return str(known[house.target.application][_AGENT]["password"])


def _propose(house: House, effect: Effect) -> None:
    """Propose an advance in COMPTA."""
    nir, stop = effect
    form = {"nir": nir, "nature": "ACP-IJ", "reference_arret": stop, "du": _DAY, "au": _DAY, "montant": "50,00"}
    with suppress(httpx.HTTPError), httpx.Client(base_url=house.address("compta"), timeout=30) as compta:
        compta.post("/connexion", data={"identifiant": _AGENT, "mot_de_passe": _password(house)})
        compta.post("/avances", data={**form, "motif": _WHY, "reference_libre": ""})


def _note(house: House, effect: Effect) -> None:
    """Put a transfer into PROGRES's basket."""
    with suppress(GlrError):
        asyncio.run(_note_at_terminal(house, effect))


async def _note_at_terminal(house: House, effect: Effect) -> None:
    contract = house.world.contract("progres")
    if not isinstance(contract, TerminalContract):
        raise NotNow("PROGRES n'est pas un écran vert")
    pipe = await TerminalPipe.start(contract.title, contract.codepage, contract.model)

    async def form(screen: str, **typed: str) -> None:
        for name, text in typed.items():
            field = contract.screens[screen].fields[name]
            await pipe.type(field.row, field.column, text)
        await pipe.press("Enter")

    nir, transfer = effect
    try:
        await pipe.connect(house.address("progres"))
        await form("login", user=_AGENT, pwd=_password(house))
        await form("menu", choice="6", nir=nir)
        await form("basket_form", transfer_id=transfer, start=_DAY, end=_DAY, outcome="OK", points="1", reason=_WHY)
        await pipe.press("PF5")
    finally:
        await pipe.close()


#: By application.
HANDS: Mapping[str, Callable[[House, Effect], None]] = {"compta": _propose, "progres": _note}
