"""A robot's logged-in session at one web application: kept for many cases, thrown away after a failure (DRIVERS, Web)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from playwright.async_api import Browser, BrowserContext, Dialog, Error, Page
from playwright.async_api import TimeoutError as PlaywrightTimeout

from orchestrator.domain.errors import (
    ApplicationException,
    BrowserGone,
    BusinessException,
    LoginRefused,
    ReleaseChanged,
    ScreenChanged,
)
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.act import WebAct
from orchestrator.drivers.act_count import ActCount
from orchestrator.drivers.attaching import attach, parted
from orchestrator.drivers.contracts import ActContract, ActionContract, ApplicationContract
from orchestrator.drivers.document import Document, UnknownEncoding
from orchestrator.drivers.entrance import Entrance, OpenDoor
from orchestrator.drivers.gate import Gate
from orchestrator.drivers.kept import check_kept, not_kept
from orchestrator.drivers.known_form import check_target, compare_forms
from orchestrator.drivers.plain import NotPlain, PlainFailed, PlainReader
from orchestrator.drivers.screens import PageSource, WebScreen, document_of, read_screen, script
from orchestrator.drivers.veil import veil_of
from orchestrator.drivers.witness import Witness

_Read = TypeVar("_Read")
#: Longest time for a page, milliseconds.
PAGE_MS = 15_000


class PageFailed(ApplicationException):
    """La page ne répond pas."""

    def __init__(self, application: str, screen: str, why: str) -> None:
        super().__init__(f"{application}, écran « {screen} » : {why}.")


class WebDesk:
    """One browser context, logged in at the first need; what keywords see as a ``Desk``."""

    def __init__(
        self, browser: Browser, contract: ApplicationContract, account: RobotAccount, *, pages_only: bool = False
    ) -> None:
        self.contract = contract
        self.account = account
        #: Answers dialogs during an act; without it every dialog is dismissed.
        self.dialogs: Callable[[Dialog], Awaitable[None]] | None = None
        self.entrance: Entrance = OpenDoor()
        self.browser = browser
        #: How many acts left it, and how many were refused.
        self.acts = ActCount(account.address, contract.acts.values())
        self._gates = {
            name: Gate(tuple(click.request for click in act.clicks), self.acts) for name, act in contract.acts.items()
        }
        #: Whose case it is is not known: what is no word of the release we know may be somebody's.
        self.veil = veil_of(contract, Witness(), ())
        self._context: BrowserContext | None = None
        self._page: Page | None = None
        #: The page may show what it remembers: nothing is read in it any more (filling a form anew may still use it).
        self._worn = False
        self._showcase: BrowserContext | None = None
        #: Reads screens proven for it; None when everything goes through pages.
        self._plain = None if pages_only else PlainReader(contract, account.address, PAGE_MS / 1000, self.acts)

    # --- what keywords use -------------------------------------------------------------------------------------------

    async def open(self, screen: str, **address: Any) -> WebScreen:  # noqa: ANN401
        """Go to a screen by its address; the values of the address are never personal."""
        path = self.contract.screens[screen].path
        if self._plain and path and self._proven(screen):
            plain, context = self._plain, await self._logged_in()
            found = await self._plainly(screen, plain.open(context, screen, path.format(**address)))
            if found is not None:
                return found
        page = await self._page_to_read()
        return await self._arrive(page, screen, **address)

    async def submit(self, action: str, **values: Any) -> WebScreen:  # noqa: ANN401
        """Open the screen of a harmless action, fill it, submit it, and recognise what came."""
        contract = self.contract.actions[action]
        if self._plain and self._proven(contract.screen, *contract.leads_to):
            plain, context = self._plain, await self._logged_in()
            found = await self._plainly(contract.screen, plain.submit(context, contract, values))
            if found is not None:
                return found
        page = await self._page_to_read()
        await self._search(page, contract, values)
        return await self._recognise(page, contract.leads_to)

    async def prepare(self, act: str, **values: Any) -> WebAct:  # noqa: ANN401
        """Open the screen of an act and fill it; nothing is submitted."""
        contract = self.contract.acts[act]
        page = await self._page_to_fill()
        await self._arrive(page, contract.screen)
        await compare_forms(page, self.contract, contract.screen, self.veil)
        given, files = parted(values)
        typed = {contract.fields[name]: value for name, value in given.items()}
        if self.contract.screens[contract.screen].form:
            await self._at_once(page, contract.screen, typed, None)
        else:
            await self._fill(page, contract.screen, typed)
        await attach(
            page, self.contract, contract.screen, {contract.fields[name]: file for name, file in files.items()}
        )
        element = await page.query_selector(contract.element)
        if element is None:
            raise ScreenChanged(self.contract.title, contract.screen, contract.element)
        await check_target(element, self.contract, contract.screen, contract, self.account.address)
        try:
            await check_kept(page, self.contract, contract.screen, self.contract.typed(contract.screen, typed))
        except (ReleaseChanged, BusinessException):
            await self._leave_page()  # filled with what is not what was typed: nobody sends it
            raise
        except Error:
            raise PageFailed(self.contract.title, contract.screen, "formulaire interrompu") from None
        return WebAct(self, page, contract, element, values)

    # --- what the engine uses ----------------------------------------------------------------------------------------

    def gate(self, act: ActContract) -> Gate:
        """Return the gate of an act."""
        return next(self._gates[name] for name, known in self.contract.acts.items() if known is act)

    def wear_page(self) -> None:
        """Read nothing more in this page, so that nothing it remembers can be mistaken for the application's word.

        The next reading in a page opens a new one; a plain request needs none, since it asks the server anew.
        """
        self._worn = True

    async def cookies(self) -> str:
        """Return the session cookies, to be sealed at intent."""
        context = await self._logged_in()
        return json.dumps([{"name": c.get("name"), "value": c.get("value")} for c in await context.cookies()])

    async def log_in_again(self) -> None:
        """Renew an expired session."""
        await self.discard()
        await self._logged_in()

    async def discard(self) -> None:
        """Throw the session away: a page in an unknown state is not used again."""
        contexts, self._context, self._showcase, self._page = (self._context, self._showcase), None, None, None
        if self._plain:
            self._plain.close()
            self._plain.shown = None
        for context in contexts:
            if context is not None:
                with suppress(Error):  # the browser is gone: nothing is left to close
                    await context.close()

    async def shown(self) -> Page | None:
        """Return a page that shows what was read last, for a capture.

        A plain answer is laid out in a page without scripts and without network: the very document that was read.
        """
        document = self._plain.shown if self._plain else None
        if document is None:
            empty = self._page is None or self._page.is_closed() or self._page.url == "about:blank"
            return None if empty else self._page
        if self._showcase is None:
            self._showcase = await self.browser.new_context(java_script_enabled=False, offline=True, locale="fr-FR")
        page = self._showcase.pages[0] if self._showcase.pages else await self._showcase.new_page()
        await page.set_content(document.whole(), wait_until="load", timeout=PAGE_MS)
        return page

    async def look(self, screen: str, /, **address: Any) -> Document:  # noqa: ANN401
        """Return what stands where a screen should be, whatever it is, for a comparison."""
        path = self._address(screen, **address)
        if self._plain and self._proven(screen):
            plain, context = self._plain, await self._logged_in()
            found = await self._plainly(screen, plain.look(context, path))
            if found is not None:
                return found
        page = await self._page_to_read()
        await self._go(page, screen, path)
        document = await document_of(page)
        if self._context is not None:
            try:
                document.not_kept = await not_kept(self._context, page, self.contract, screen)
            except Error:
                raise PageFailed(self.contract.title, screen, "formulaire interrompu") from None
        return document

    async def look_outside(self) -> Document:
        """Return what stands where a robot logs in, before any login, for a comparison."""
        screen, context = self.contract.login.screen, await self._new_context()
        try:
            page = await context.new_page()
            await self._go(page, screen, self._address(screen))
            return await document_of(page)
        finally:
            with suppress(Error):
                await context.close()

    async def look_after(self, action: str, /, **values: Any) -> Document:  # noqa: ANN401
        """Send a search and return what came, whatever it is, for a comparison."""
        contract = self.contract.actions[action]
        if self._plain and self._proven(contract.screen, *contract.leads_to):
            plain, context = self._plain, await self._logged_in()
            found = await self._plainly(contract.screen, plain.look_after(context, contract, values))
            if found is not None:
                return found
        page = await self._page_to_read()
        await self._search(page, contract, values)
        return await document_of(page)

    @property
    def page(self) -> Page | None:
        """The current page, for a capture."""
        return self._page

    # --- inside ------------------------------------------------------------------------------------------------------

    def _proven(self, *screens: str) -> bool:
        return all(self.contract.screens[name].http for name in screens)

    async def _search(self, page: Page, contract: ActionContract, values: Mapping[str, Any]) -> None:
        await self._arrive(page, contract.screen)
        typed = {contract.fields[name]: value for name, value in values.items()}
        if self.contract.screens[contract.screen].form:
            await self._follow(page, contract.screen, self._at_once(page, contract.screen, typed, contract.submit))
        else:
            await self._fill(page, contract.screen, typed)
            await self._follow(page, contract.screen, page.click(contract.submit, timeout=PAGE_MS))

    async def _plainly(self, screen: str, reading: Awaitable[_Read]) -> _Read | None:
        """Read through a plain request; None when the answer is one that only a page can deal with."""
        try:
            return await reading
        except PlainFailed as error:
            await self._leave_page()  # an older page is no evidence of this failure
            raise PageFailed(self.contract.title, screen, error.why) from None
        except Error:
            raise BrowserGone from None
        except (NotPlain, UnknownEncoding):
            return None

    async def _leave_page(self) -> None:
        page, self._page = self._page, None
        if page is not None:
            await page.close()

    async def _page_to_read(self) -> Page:
        if self._worn:
            await self._leave_page()
        return await self._page_to_fill()

    async def _page_to_fill(self) -> Page:
        context = await self._logged_in()
        if self._plain:
            self._plain.shown = None
        if self._page is None or self._page.is_closed():
            self._page, self._worn = await context.new_page(), False
            self._watch(self._page)
        return self._page

    async def _logged_in(self) -> BrowserContext:
        if self._context is None:
            context = await self._new_context()
            context.set_default_timeout(PAGE_MS)
            fence = json.dumps([click.element for act in self.contract.acts.values() for click in act.clicks])
            if self.contract.acts:
                await context.expose_function("__glrDenied", self.acts.denied)
                await context.add_init_script(f"{script('fence')}({fence})")
            context.on("request", self.acts.saw)
            for gate in self._gates.values():
                await gate.install(context, self.account.address)
            self._context = context
            await self._log_in(context)
        return self._context

    async def _new_context(self) -> BrowserContext:
        try:
            return await self.browser.new_context(service_workers="block", locale="fr-FR", accept_downloads=False)
        except Error:
            raise BrowserGone from None

    async def _log_in(self, context: BrowserContext) -> None:
        """Log in; a login page that comes back without a refusal (its session ended at once) is tried once more, no oftener.

        Accounts lock after a few tries: a second return is taken for a refusal.
        """
        self._page = page = await context.new_page()
        self._watch(page)
        await self.entrance.ask()
        for last in (False, True):
            if await self._enters(page):
                await self.entrance.passed()
                return
            refusal = await self._refusal(page)
            if refusal or last:
                raise LoginRefused(self.contract.application, refusal or "sans motif")

    async def _enters(self, page: Page) -> bool:
        login = self.contract.login
        await self._arrive(page, login.screen)
        await self._fill(page, login.screen, {login.user: self.account.login, login.password: self.account.password})
        await self._follow(page, login.screen, page.click(login.submit, timeout=PAGE_MS))
        return (await self._recognise(page, (login.leads_to, login.screen))).name != login.screen

    async def _refusal(self, page: Page) -> str:
        """Return why a login was refused, as the page says; empty when it refuses nothing."""
        found = page.locator(self.contract.login.refused)
        if not await found.count():
            return ""
        return await found.get_attribute("data-code") or "sans motif"

    async def _arrive(self, page: Page, screen: str, /, **address: Any) -> WebScreen:  # noqa: ANN401
        await self._go(page, screen, self._address(screen, **address))
        return await self._recognise(page, (screen,))

    def _address(self, screen: str, /, **address: Any) -> str:  # noqa: ANN401
        path = self.contract.screens[screen].path
        if path is None:
            raise ScreenChanged(self.contract.title, screen, "adresse (path)")
        return path.format(**address)

    async def _go(self, page: Page, screen: str, path: str) -> None:
        try:
            answer = await page.goto(self.account.address + path, wait_until="load", timeout=PAGE_MS)
        except (PlaywrightTimeout, Error) as error:
            raise PageFailed(self.contract.title, screen, _why(error)) from None
        self._check_status(screen, answer.status if answer else 0)

    async def _recognise(self, page: Page, expected: Sequence[str]) -> WebScreen:
        try:
            return await read_screen(PageSource(page), self.contract, expected)
        except Error as error:
            raise PageFailed(self.contract.title, expected[0], _why(error)) from None

    def _check_status(self, screen: str, status: int) -> None:
        if status >= 500:
            raise PageFailed(self.contract.title, screen, f"erreur {status} de l'application")

    async def _fill(self, page: Page, screen: str, values: dict[str, Any]) -> None:
        for selector, clear in self.contract.typed(screen, values).items():
            try:
                await page.fill(selector, clear, timeout=PAGE_MS)
            except (PlaywrightTimeout, Error):  # its text quotes what was typed
                raise ScreenChanged(self.contract.title, screen, selector) from None

    async def _at_once(self, page: Page, screen: str, values: dict[str, Any], submit: str | None) -> None:
        typed = self.contract.typed(screen, values)
        try:
            missing = await page.evaluate(script("form"), {"values": typed, "submit": submit})
        except Error:  # its text quotes what was typed
            raise PageFailed(self.contract.title, screen, "formulaire interrompu") from None
        if missing is not None:
            raise ScreenChanged(self.contract.title, screen, missing)

    async def _follow(self, page: Page, screen: str, submitting: Awaitable[None]) -> None:
        try:
            async with page.expect_navigation(wait_until="load", timeout=PAGE_MS) as navigation:
                await submitting
            answer = await navigation.value
        except (PlaywrightTimeout, Error) as error:
            raise PageFailed(self.contract.title, screen, _why(error)) from None
        self._check_status(screen, answer.status if answer else 200)

    def _watch(self, page: Page) -> None:
        page.on("dialog", self._on_dialog)

    async def _on_dialog(self, dialog: Dialog) -> None:
        if self.dialogs is None:
            await dialog.dismiss()
        else:
            await self.dialogs(dialog)


def _why(error: Exception) -> str:
    return "pas de réponse à temps" if isinstance(error, PlaywrightTimeout) else "connexion impossible ou coupée"
