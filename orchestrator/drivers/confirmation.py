"""The form of a page that asks to confirm, compared before its click enters (ADR 20, ADR 30).

Only the form of an act leads there, so no walk can see it: the robot itself looks, each time, when the page stands before it.
What it shows was compared already; what it sends is compared here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.async_api import ElementHandle, Page

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import ReleaseChanged
from orchestrator.drivers.contracts import ActContract, ApplicationContract, ConfirmationContract
from orchestrator.drivers.formats import read_value
from orchestrator.drivers.known_form import check_target, compare_forms
from orchestrator.drivers.veil import Veil

#: The name under which each filled field is sent.
_NAMES = """fields => Object.fromEntries(
    Object.entries(fields).map(([name, at]) => [name, document.querySelector(at)?.name ?? ""]))"""
#: What the form of an element sends, and what a person could still fill in it; null for an element of no form.
_SENT = """node => node.form && {
    sent: [...new FormData(node.form)].filter(([, value]) => typeof value === "string"),
    open: [...node.form.elements].filter(each => each.matches("input, select, textarea") && each.getClientRects().length
        && !each.disabled && !each.readOnly && !["submit", "button", "reset", "image"].includes(each.type))
        .map(each => each.id || each.name),
}"""

_IN_DOUBT = "Le formulaire était parti, la page n'a pas été confirmée : la saisie en cours est en doute."


async def names_sent(page: Page, act: ActContract) -> Mapping[str, str]:
    """Return the name under which the form of an act sends each of its fields; asked before it is sent."""
    names: Mapping[str, str] = await page.evaluate(_NAMES, dict(act.fields))
    return names


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """A page that asks to confirm, as it stands before its click."""

    contract: ApplicationContract
    act: ActContract
    asks: ConfirmationContract
    #: What was typed, by name, and the name under which the form sent it.
    values: Mapping[str, Any]
    names: Mapping[str, str]
    #: Of the application.
    address: str

    async def check(self, page: Page, button: ElementHandle, veil: Veil) -> None:
        """Raise :class:`ReleaseChanged` when its form is not as known, goes elsewhere, or sends what was not typed."""
        try:
            await self._check(page, button, veil)
        except ReleaseChanged as found:  # the form had left: nobody can say that nothing was entered
            raise ReleaseChanged(found.application, found.screen, found.changes, _IN_DOUBT) from None

    async def _check(self, page: Page, button: ElementHandle, veil: Veil) -> None:
        screen = self.asks.screen
        await check_target(button, self.contract, screen, self.asks, self.address)
        described = self.contract.release is not None and self.contract.release.forms(screen) is not None
        if described:
            await compare_forms(page, self.contract, screen, veil)
        form = await button.evaluate(_SENT)
        if form is None:
            return
        found = list(self._sent_otherwise(form["sent"]))
        if not described:
            found += [f"champ à remplir « {veil(each)} », que rien ne décrit" for each in form["open"]]
        if found:
            raise ReleaseChanged(self.contract.application, screen, found)

    def _sent_otherwise(self, sent: list[tuple[str, str]]) -> Iterator[str]:
        for name, value in self.values.items():
            texts = [text for each, text in sent if each and each == self.names.get(name)]
            if not all(self._is(text, name, value) for text in texts):
                yield f"champ « {name} » : la page n'envoie pas ce qui a été tapé"

    def _is(self, text: str, name: str, value: object) -> bool:
        screens = (self.contract.screens[screen] for screen in (self.act.screen, self.asks.screen))
        at = self.act.fields.get(name)
        fields = [one for screen in screens for key, one in screen.fields.items() if key == name or one.at == at]
        return any(_reads(text, form, value) for form in ("text", *(one.format for one in fields)))


def _reads(text: str, form: str, value: object) -> bool:
    try:
        return canonical(read_value(text, form)) == canonical(value)
    except ValueError:
        return False
