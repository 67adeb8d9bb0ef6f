"""A robot's logged-in session at one application of kind terminal: one ``s3270`` process, thrown away after a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from playwright.async_api import Browser, Error, Page, ViewportSize

from orchestrator.domain.canonical import canonical
from orchestrator.domain.errors import (
    ActRefused,
    BusinessException,
    LoginRefused,
    ScreenChanged,
    SessionExpired,
    UnknownScreen,
)
from orchestrator.drivers.account import RobotAccount
from orchestrator.drivers.act_count import ActCount
from orchestrator.drivers.entrance import Entrance, OpenDoor
from orchestrator.drivers.formats import typed_text
from orchestrator.drivers.terminal_act import TerminalAct
from orchestrator.drivers.terminal_contracts import Key, TerminalAction, TerminalContract
from orchestrator.drivers.terminal_pipe import TerminalFailed, TerminalPipe
from orchestrator.drivers.terminal_screen import GreenScreen, Rows, masked, name_of, page_of, read_green, shown_at

#: How often a screen that is none of those expected is waited for, half a second each: a host may show it in parts.
_MORE = 2
#: How many screens lie between any screen and the menu at most.
_DEEP = 4
#: Pixels in which 24 rows of 80 characters are drawn.
_SHEET: ViewportSize = {"width": 720, "height": 420}


class TerminalDesk:
    """One terminal, logged in at the first need; what keywords see as a ``Desk``."""

    def __init__(self, contract: TerminalContract, account: RobotAccount, browser: Browser) -> None:
        """Make a desk.

        :param browser: draws the evidence; the terminal ends with it.
        """
        self.contract = contract
        self.account = account
        self.browser = browser
        self.entrance: Entrance = OpenDoor()
        #: How many acts left it, and how many were refused.
        self.acts = ActCount("", ())
        self._entering = {act.enters for act in contract.acts.values()}
        self._pipe: TerminalPipe | None = None
        self._shown: Rows = ()
        self._sheet: Page | None = None
        browser.once("disconnected", self._end)

    # --- what keywords use -------------------------------------------------------------------------------------------

    async def open(self, screen: str, **address: Any) -> GreenScreen:  # noqa: ANN401
        """Go back to the menu, or further by the action that leads to a screen."""
        if screen == self.contract.login.leads_to:
            return await self._home()
        leads = [name for name, action in self.contract.actions.items() if screen in action.leads_to]
        if not leads:
            raise ScreenChanged(self.contract.title, screen, "action qui y mène (actions)")
        return await self.submit(leads[0], **address)

    async def submit(self, action: str, **values: Any) -> GreenScreen:  # noqa: ANN401
        """Go to the screen of a harmless action, type, press its key, and recognise what came, all pages read.

        Raises ``BusinessException`` when the application refuses the values, :class:`TerminalFailed` when it says later.
        """
        contract = self.contract.actions[action]
        await self._home()
        typed = {contract.fields[name]: value for name, value in values.items()}
        await self._type(contract.screen, {**contract.typed, **typed})
        await self.press(contract.screen, contract.key)
        return await self._whole(await self._came(contract))

    async def prepare(self, act: str, **values: Any) -> TerminalAct:  # noqa: ANN401
        """Go to the form of an act, type, and let it be shown once more where a screen asks to confirm; nothing is entered."""
        contract = self.contract.acts[act]
        reached = self.contract.actions[contract.reached_by]
        await self.submit(contract.reached_by, **{name: values[name] for name in reached.fields})
        typed = {contract.fields[name]: value for name, value in values.items() if name in contract.fields}
        await self._type(contract.screen, typed)
        screen, key = contract.enters
        if contract.confirmation is not None:
            await self.press(contract.screen, contract.key)
            landed = await self.recognise((screen, contract.screen))
            if landed.name != screen:
                raise self._said(landed)
            if any(canonical(landed[name]) != canonical(values[name]) for name in contract.fields):
                raise ScreenChanged(self.contract.title, screen, "les valeurs saisies")
        return TerminalAct(desk=self, contract=contract, shown=self._shown, screen=screen, key=key)

    # --- what the engine uses ----------------------------------------------------------------------------------------

    def wear_page(self) -> None:
        """Nothing to forget: each reading begins at the menu and asks the host."""

    async def cookies(self) -> str:
        """Return nothing: a terminal's login is its connection, and ends with its process."""
        return ""

    async def log_in_again(self) -> None:
        """Renew a session that the host has ended."""
        await self.discard()
        await self._connected()

    async def discard(self) -> None:
        """Throw the terminal away, and its connection."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            await pipe.close()
        sheet, self._sheet = self._sheet, None
        if sheet is not None:
            with suppress(Error):  # the browser has gone
                await sheet.context.close()

    async def sheet(self) -> Page:
        """Return the page on which evidence is drawn, without scripts and without network; kept: making one costs a case."""
        if self._sheet is None:
            context = await self.browser.new_context(java_script_enabled=False, offline=True, viewport=_SHEET)
            self._sheet = await context.new_page()
        return self._sheet

    def masked(self) -> list[str]:
        """Return what was shown last, for evidence: what may be somebody's is hidden."""
        return masked(self._shown, self.contract)

    @property
    def pid(self) -> int | None:
        """The process of the terminal, if there is one."""
        return self._pipe.pid if self._pipe else None

    # --- what an act uses --------------------------------------------------------------------------------------------

    async def rows(self) -> Rows:
        """Return what the terminal shows now."""
        pipe = await self._connected()
        self._shown = await self._alive(pipe.screen())
        return self._shown

    async def press(self, screen: str, key: Key, *, permitted: bool = False) -> None:
        """Press a key on a screen; raises :class:`ActRefused` for one that enters, unless the protocol permits it."""
        pipe = await self._connected()
        if (screen, key) in self._entering:
            if not permitted:
                self.acts.denied()
                raise ActRefused
            self.acts.key()
        await self._alive(pipe.press(key))

    async def recognise(self, expected: Sequence[str]) -> GreenScreen:
        """Read the screen that is shown; one that is not yet whole is waited for."""
        for last in (*[False] * _MORE, True):
            try:
                return read_green(await self.rows(), self.contract, expected)
            except (UnknownScreen, ScreenChanged):
                if last:
                    raise
                await (await self._connected()).more()
        raise TerminalFailed(self.contract.title, "écran illisible")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _end(self, _: Browser) -> None:
        """End with the robot's browser, at the latest."""
        if self._pipe is not None:
            self._pipe.kill()

    async def _alive(self, doing: Any) -> Any:  # noqa: ANN401
        """Carry out what needs the terminal; after any failure it is thrown away: its state is unknown."""
        try:
            return await doing
        except TerminalFailed:
            await self.discard()
            raise

    async def _connected(self) -> TerminalPipe:
        if self._pipe is None:
            contract = self.contract
            self._pipe = pipe = await TerminalPipe.start(contract.title, contract.codepage, contract.model)
            await self._alive(pipe.connect(self.account.address))
            await self._log_in()
        return self._pipe

    async def _log_in(self) -> None:
        login = self.contract.login
        try:
            self._refuse_full(await self.recognise((login.screen,)))
            await self.entrance.ask()
            await self._type(login.screen, {login.user: self.account.login, login.password: self.account.password})
            await self.press(login.screen, login.key)
            landed = await self.recognise((login.leads_to, login.screen))
        except BaseException:
            await self.discard()
            raise
        if landed.name == login.screen:
            await self.discard()
            said = self._code(landed)
            if said in self.contract.messages.later:
                raise TerminalFailed(self.contract.title, f"connexion remise à plus tard ({said})")
            raise LoginRefused(
                self.contract.application, said if said in self.contract.messages.login else "sans motif"
            )
        await self.entrance.passed()

    def _refuse_full(self, landed: GreenScreen) -> None:
        """A host that is full says so before anybody has typed: no password is tried."""
        if (said := self._code(landed)) in self.contract.messages.later:
            raise TerminalFailed(self.contract.title, f"connexion remise à plus tard ({said})")

    async def _home(self) -> GreenScreen:
        """Go back to the menu, from whatever screen of the contract stands there."""
        home = self.contract.login.leads_to
        for _ in range(_DEEP):
            name = name_of(await self.rows(), self.contract)
            if name == home:
                return await self.recognise((home,))
            if name == self.contract.login.screen:
                raise SessionExpired(self.contract.title)
            if name is None:
                break
            await self.press(name, self.contract.back)
        await self.discard()
        raise UnknownScreen(self.contract.title, home, "écran inconnu")

    async def _type(self, screen: str, values: Mapping[str, Any]) -> None:
        """Type each value, then look that each stands there as it was typed: what does not fit is never cut off silently."""
        contract, pipe = self.contract.screens[screen], await self._connected()
        texts = {name: typed_text(value, contract.fields[name].format) for name, value in values.items()}
        for name, text in texts.items():
            field = contract.fields[name]
            if len(text) > field.length or not text.isprintable():
                raise BusinessException(
                    "SAISIE", f"« {name} » ne tient pas dans l'écran « {screen} » de {self.contract.title}."
                )
            await self._alive(pipe.type(field.row, field.column, text))
        rows = await self.rows()
        for name, text in texts.items():
            field = contract.fields[name]
            stands = rows[field.row - 1][field.column - 1 :][: field.length].rstrip()
            if name not in contract.hidden and stands != text.rstrip():
                raise BusinessException(
                    "SAISIE", f"{self.contract.title}, écran « {screen} » : « {name} » ne s'y écrit pas tel quel."
                )

    async def _came(self, action: TerminalAction) -> GreenScreen:
        landed = await self.recognise((*action.leads_to, action.screen))
        if landed.name == action.screen and action.screen not in action.leads_to:
            raise self._said(landed)
        return landed

    async def _whole(self, screen: GreenScreen) -> GreenScreen:
        """Turn the pages of its list to the last one; each must follow the one before, about the same thing."""
        for name, table in self.contract.screens[screen.name].tables.items():
            page, last = page_of(self._shown, self.contract, screen.name, table)
            if page != 1:
                raise ScreenChanged(self.contract.title, screen.name, "page 1")
            while page < last:
                await self.press(screen.name, table.pages.next)
                turned = await self.recognise((screen.name,))
                if page_of(self._shown, self.contract, screen.name, table) != (page + 1, last):
                    raise ScreenChanged(self.contract.title, screen.name, f"page {page + 1}/{last}")
                screen.tables[name] += turned.tables[name]
                page += 1
        return screen

    def _code(self, landed: GreenScreen) -> str:
        """Return the code that a screen says; empty when it says nothing."""
        place = self.contract.fields(landed.name)[self.contract.messages.field]
        return shown_at(self._shown, place).partition(" ")[0]

    def _said(self, landed: GreenScreen) -> BusinessException | TerminalFailed:
        """Say why an application did not go on; its own words may be somebody's, only a code that we know is repeated."""
        said, known = self._code(landed), self.contract.messages
        if said in known.refused:
            return BusinessException("SAISIE", f"{self.contract.title} refuse ({said}).")
        why = f"remis à plus tard ({said})" if said in known.later else "message inconnu"
        return TerminalFailed(self.contract.title, f"écran « {landed.name} » : {why}, rien n'a été saisi")
