"""A form against what is known of it, before a robot fills or sends it (ADR 9)."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import ElementHandle, Page

from orchestrator.domain.errors import ReleaseChanged
from orchestrator.drivers.contracts import ApplicationContract, ClickContract
from orchestrator.drivers.facts import forms_of, veiled
from orchestrator.drivers.release import form_changes
from orchestrator.drivers.screens import document_of
from orchestrator.drivers.veil import Veil

#: Where the form of an element is sent; null for an element of no form.
_TARGET = """node => node.form
    && new URL(node.hasAttribute("formaction") ? node.formAction : node.form.action, document.baseURI).pathname"""


async def compare_forms(page: Page, contract: ApplicationContract, screen: str, veil: Veil) -> None:
    """Compare the forms of a screen with the release we know; raises :class:`ReleaseChanged`.

    :param veil: nothing is known of whose case this is: what is not a word of the release we know may be somebody's.
    """
    known = contract.release.forms(screen) if contract.release else None
    found = ["aucune description connue (release.yaml)"]
    if known is not None:
        found = [change.text for change in form_changes(known, veiled(forms_of(await document_of(page)), veil))]
    if found:
        raise ReleaseChanged(contract.application, screen, found)


async def check_target(
    element: ElementHandle, contract: ApplicationContract, screen: str, click: ClickContract, address: str
) -> None:
    """Refuse a form that is sent elsewhere than to the address of a click: there no gate would stand.

    :param address: of the application. Raises :class:`ReleaseChanged`.
    """
    sent = await element.evaluate(_TARGET)
    known = urlsplit(address).path.rstrip("/") + click.request.path
    if sent is not None and sent != known:
        said = f"le formulaire est envoyé à « {sent} » et non à « {known} »"
        raise ReleaseChanged(contract.application, screen, [said])
