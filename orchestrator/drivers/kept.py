"""What a page keeps of what is typed into it: a form that makes something else of it is seen before anything is sent.

The format of an empty form is said by its label, by words beside the field, or by nothing but a script. The first two are in
``release.yaml``; the last shows when something is typed and read back, which sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from playwright.async_api import BrowserContext, Error, Page

from orchestrator.domain.errors import BusinessException, ReleaseChanged
from orchestrator.domain.money import Euros
from orchestrator.drivers.contracts import ApplicationContract
from orchestrator.drivers.formats import typed_text
from orchestrator.drivers.screens import script

_DAY, _AMOUNT = date(2025, 12, 31), Euros(135_904)
#: What is typed to see what a page makes of it, by format: no day that is a month, no amount without centimes.
_SAMPLES: Mapping[str, date | Euros] = {
    "date": _DAY, "iso_date": _DAY, "birth_date": _DAY, "iso_birth_date": _DAY, "euros": _AMOUNT, "euros_point": _AMOUNT,
}  # fmt: skip


async def check_kept(page: Page, contract: ApplicationContract, screen: str, typed: Mapping[str, str]) -> None:
    """Compare a filled form with what was typed into it, by selector, before anything is sent.

    Raises :class:`ReleaseChanged` when the page made something else of it, ``BusinessException`` when it refuses the value.
    """
    seen = await page.evaluate(script("kept"), {"values": dict(typed), "type": False})
    if seen["altered"]:
        raise ReleaseChanged(contract.application, screen, [_said(contract, screen, at) for at in seen["altered"]])
    if seen["refused"]:
        names = ", ".join(f"« {_name(contract, screen, at)} »" for at in seen["refused"])
        raise BusinessException(
            "SAISIE", f"Le formulaire n'accepte pas ce qui est tapé : {names}. Rien n'a été envoyé."
        )


async def not_kept(context: BrowserContext, page: Page, contract: ApplicationContract, screen: str) -> tuple[str, ...]:
    """Type samples into the dates and amounts of an act's form, cut off from every network, and return what was not kept.

    The page is closed before the network is back: whatever it wanted to send is lost with it. Raises what the browser raises.
    """
    formats = {one.at: one.format for one in contract.screens[screen].fields.values()}
    filled = {at for act in contract.acts.values() if act.screen == screen for at in act.fields.values()}
    samples = {
        at: typed_text(_SAMPLES[form], form) for at, form in formats.items() if at in filled and form in _SAMPLES
    }
    if not samples:
        return ()
    await context.set_offline(True)
    try:
        seen = await page.evaluate(script("kept"), {"values": samples, "type": True})
    finally:
        with suppress(Error):
            await page.close()
        await context.set_offline(False)
    return tuple(_name(contract, screen, at) for at in seen["altered"])


def not_kept_words(contract: ApplicationContract, screen: str, name: str) -> str:
    """Say that a field, by its name in the contract, does not keep what is typed."""
    return (
        f"champ « {name} » : la page n'y garde pas ce qui est tapé (« {contract.screens[screen].fields[name].format} »)"
    )


def _said(contract: ApplicationContract, screen: str, at: str) -> str:
    name = _name(contract, screen, at)
    known = name in contract.screens[screen].fields
    return (
        not_kept_words(contract, screen, name) if known else f"champ « {at} » : la page n'y garde pas ce qui est tapé"
    )


def _name(contract: ApplicationContract, screen: str, at: str) -> str:
    return next((name for name, one in contract.screens[screen].fields.items() if one.at == at), at)
