"""What PROGRES says to one terminal: login, menu, lists over pages, the entry of a note with its confirmation."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sandbox.db import Store
from sandbox.faults import Faults, GreenRequest, Planned
from sandbox.formats import read_date, read_money, show_date
from sandbox.green.data import (
    LINKED,
    NAME,
    NOTES,
    PAYMENTS,
    Insured,
    attached,
    basket,
    find,
    notes,
    payments,
    situation,
)  # fmt: skip
from sandbox.green.layout import Layout, layouts
from sandbox.green.mutations import mutated
from sandbox.green.wire import Gone, Pressed, Terminal
from sandbox.ledger import Ledger
from sandbox.mutations import wanted_change
from sandbox.releases import installed
from sandbox.web.accounts import Accounts
from sandbox.web.legacy import Options

_NOTE = ("stop", "start", "end", "amount", "reason", "token")
_TRANSFER = ("reference", "start", "end", "outcome", "points", "reason", "token")
_REFUSED = {"REFUS": "PGX01 UTILISATEUR OU MOT DE PASSE INCORRECT", "VERROU": "PGX02 COMPTE VERROUILLÉ"}
_NIGHT = "PGX09 MODE DEGRADE : SAISIE FERMÉE LA NUIT"


class Progres:
    """The application: its store, ledger, accounts, faults, and how many sessions it lets in."""

    def __init__(self, options: Options, store: Store, limit: int) -> None:
        self.options = options
        self.store = store
        self.limit = limit
        self.ledger = Ledger(options.folder / f"{NAME}.ledger.jsonl", store)
        self.accounts = Accounts(store, options.idle_seconds)
        self.faults = Faults(NAME, options.rates, options.folder / "faults.json", store)
        self.sessions = 0

    def enter(self, insured: Insured, note: dict[str, str], author: str) -> str:
        """Keep a note and its line of the ledger in one transaction; returns its number."""
        start, end, cents = read_date(note["start"]), read_date(note["end"]), read_money(note["amount"])
        if start is None or end is None or cents is None:
            raise ValueError("a note is checked before it is asked for")
        act = {
            "app": NAME, "act": "NOTE", "nir": insured.nir, "stop": note["stop"], "from": start.isoformat(),
            "to": end.isoformat(), "amount_c": cents, "author": author, "free_reference": note["token"],
            "reason": note["reason"],
        }  # fmt: skip
        with self.store.transaction():
            row = self.store.run(
                "INSERT INTO note (nir, reference, du, au, montant_c, motif, libre, auteur) VALUES (?,?,?,?,?,?,?,?)",
                insured.nir, note["stop"], note["start"], note["end"], cents, note["reason"], note["token"], author,
            )  # fmt: skip
            number = f"N{self.options.business_date():%y}{row:06d}"
            self.store.run("UPDATE note SET numero = ? WHERE id = ?", number, row)
            self.ledger.record({**act, "number": number})
        self.ledger.catch_up()
        return number

    def keep(self, insured: Insured, form: dict[str, str], author: str) -> str:
        """Put a transfer into the work basket, with its line of the ledger; returns its number."""
        today = self.options.business_date()
        act = {"app": NAME, "act": "MUTATION", "nir": insured.nir, "author": author, "day": today.isoformat(), **form}
        with self.store.transaction():
            row = self.store.run(
                "INSERT INTO corbeille (nir, reference, du, au, issue, cotation, motif, libre, auteur, jour)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)",
                insured.nir, *(form[name] for name in _TRANSFER), author, today.isoformat(),
            )  # fmt: skip
            number = f"M{today:%y}{row:06d}"
            self.store.run("UPDATE corbeille SET numero = ? WHERE id = ?", number, row)
            self.ledger.record({**act, "number": number})
        self.ledger.catch_up()
        return number


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is typed, shown once more and entered by PF5."""

    screen: str
    confirmed: str
    fields: tuple[str, ...]
    fault: Callable[[dict[str, str]], str]
    enter: Callable[[Insured, dict[str, str], str], str]


@dataclass
class Talk:
    """One terminal at the application."""

    progres: Progres
    terminal: Terminal
    #: What the last key was given to suffer.
    faults: Planned = field(default_factory=Planned)
    typed: dict[str, str] = field(default_factory=dict)
    login: str = ""

    async def run(self) -> None:
        """Talk until one of the two leaves."""
        await self.terminal.greet()
        if self.progres.sessions >= self.progres.limit:
            await self._show("PGC0", message="PGX03 NOMBRE MAXIMAL DE SESSIONS ATTEINT")
            await self._pressed()
            return
        self.progres.sessions += 1
        try:
            await self._log_in()
            await self._menu()
        finally:
            self.progres.sessions -= 1

    # --- screens -----------------------------------------------------------------------------------------------------

    async def _log_in(self) -> None:
        message = ""
        while not self.login:
            await self._ask("PGC0", message=message)
            user, password = self.typed.get("user", "").strip(), self.typed.get("password", "").strip()
            found = "REFUS" if "refused" in self.faults else self.progres.accounts.log_in(user, password)
            message = _REFUSED.get(found, "")
            self.login = "" if message else user

    async def _menu(self) -> None:
        message = ""
        choices = {
            "1": self._payments, "2": self._rattachement, "3": self._note, "4": self._notes, "5": self._situation,
            "6": self._transfer, "7": self._basket,
        }  # fmt: skip
        while await self._ask("PGM0", message=message) != "PF3":
            insured = find(self.progres.store, self.typed.get("nir", "").strip())
            chosen = choices.get(self.typed.get("c", ""))
            if chosen is None:
                message = "PGX04 CHOIX INCONNU"
            elif insured is None:
                message = "PGX05 ASSURÉ INCONNU"
            else:
                message = await chosen(insured) or ""

    async def _payments(self, insured: Insured) -> None:
        await self._pages("PGI1", insured, payments(self.progres.store, insured.nir), PAYMENTS)

    async def _notes(self, insured: Insured) -> None:
        await self._pages("PGL1", insured, notes(self.progres.store, insured.nir), 2 * NOTES)

    async def _rattachement(self, insured: Insured) -> None:
        while await self._ask("PGR1", insured, **self._attached(insured)) != "PF3":
            pass

    def _attached(self, insured: Insured) -> dict[str, str]:
        return attached(self.progres.store, insured, self.progres.options.business_date())

    async def _situation(self, insured: Insured) -> str | None:
        found = situation(self.progres.store, insured.nir)
        if found is None:
            return "PGX13 AUCUNE MUTATION"
        shown, lines = found
        values = {**shown, "organism": self._attached(insured)["organism"]}
        await self._pages("PGT1", insured, lines, LINKED, **values)
        return None

    async def _basket(self, insured: Insured) -> None:
        await self._pages("PGT4", insured, basket(self.progres.store, insured.nir), 2 * NOTES)

    async def _pages(self, screen: str, insured: Insured, lines: Sequence[str], size: int, **values: str) -> None:
        page, last = 1, max(1, -(-len(lines) // size))
        message = "" if lines else "PGI00 AUCUNE LIGNE"
        while True:
            shown = self._layout(screen).rows(lines[(page - 1) * size : page * size])
            key = await self._ask(screen, insured, message=message, page=f"{page:>3}/{last:>3}", **values, **shown)
            wanted = page + {"PF7": -1, "PF8": 1}.get(key, 0)
            if key == "PF3":
                return
            message = "" if 1 <= wanted <= last else "PGI01 PAS D'AUTRE PAGE"
            page = min(max(wanted, 1), last)

    async def _note(self, insured: Insured) -> str | None:
        form = Form(screen="PGN1", confirmed="PGN2", fields=_NOTE, fault=_fault, enter=self.progres.enter)
        return await self._form(insured, form)

    async def _transfer(self, insured: Insured) -> str | None:
        form = Form(screen="PGT2", confirmed="PGT3", fields=_TRANSFER, fault=_transfer_fault, enter=self.progres.keep)
        return await self._form(insured, form)

    async def _form(self, insured: Insured, form: Form) -> str | None:
        message, typed = "", dict.fromkeys(form.fields, "")
        while True:
            if await self._ask(form.screen, insured, message=message, **typed) == "PF3":
                return None
            typed = {name: self.typed.get(name, typed[name]).strip() for name in form.fields}
            message = _NIGHT if "degraded" in self.faults else form.fault(typed)
            if not message:
                return await self._confirm(insured, form, typed)

    async def _confirm(self, insured: Insured, form: Form, typed: dict[str, str]) -> str | None:
        while True:
            key = await self._ask(form.confirmed, insured, message="CONFIRMER PAR PF5", **typed)
            if key == "PF3":
                return "PGN02 SAISIE ABANDONNÉE"
            if key == "PF5":
                break
        if "before" in self.faults:
            return "PGX08 INCIDENT : RIEN N'A ÉTÉ ENREGISTRÉ"
        await asyncio.sleep(self.faults.slow_s)  # who leaves meanwhile stops nothing: the host ends what it has begun
        number = form.enter(insured, typed, self.login)
        if "drop" in self.faults:
            raise Gone
        if "after" in self.faults:
            return "PGX07 INCIDENT APRES LA SAISIE"
        await self._ask("PGN3", insured, number=number)
        return None

    # --- keys --------------------------------------------------------------------------------------------------------

    async def _ask(self, screen: str, insured: Insured | None = None, **values: str) -> str:
        """Show a screen and wait for a key; its typed fields are then in ``typed``."""
        about = {"nir": insured.nir, "name": insured.name} if insured else {}
        await self._show(screen, **about, **values)
        pressed = await self._pressed()
        cells = self._layout(screen).typed
        self.typed = {cells[cell]: text for cell, text in pressed.typed.items() if cell in cells}
        stop = next(
            (found for name in ("stop", "reference") if (found := values.get(name) or self.typed.get(name))), ""
        )
        self.faults = self.progres.faults.plan(GreenRequest(method=pressed.key, path=screen, stop=stop.strip()))
        await asyncio.sleep(self.faults.latency_s)
        if {"cut", "expiry", "error"} & self.faults.kinds:
            raise Gone
        return pressed.key

    async def _pressed(self) -> Pressed:
        """Wait for a key; a session that is idle for too long is ended."""
        try:
            async with asyncio.timeout(self.progres.options.idle_seconds):
                return await self.terminal.pressed()
        except TimeoutError:
            raise Gone from None

    def _layout(self, screen: str) -> Layout:
        """A screen as the release draws it that is installed now, with the change that is asked for."""
        folder = self.progres.options.folder
        layout, change = layouts(installed(folder, NAME))[screen], wanted_change(folder, NAME)
        return mutated(layout, change["kind"], change["seed"]) if change.get("screen") == screen else layout

    async def _show(self, screen: str, **values: str) -> None:
        mode = "NUIT" if "degraded" in self.faults else "JOUR"
        shown = {"mode": mode, "date": show_date(self.progres.options.business_date()), **values}
        layout = self._layout(screen)
        if "lock" in self.faults:
            await self.terminal.show(layout.stream(shown, unlock=False))
            await asyncio.sleep(self.faults.lock_s)
        await self.terminal.show(layout.stream(shown))


def _fault(note: dict[str, str]) -> str:
    """Why a note cannot be kept; empty when it can."""
    if not note["stop"]:
        return "PGX10 REFERENCE OBLIGATOIRE"
    if message := _period_fault(note):
        return message
    return "" if read_money(note["amount"]) else "PGX12 MONTANT INVALIDE"


def _transfer_fault(form: dict[str, str]) -> str:
    """Why a transfer cannot be kept; empty when it can."""
    if not form["reference"] or not form["outcome"]:
        return "PGX10 REFERENCE ET ISSUE OBLIGATOIRES"
    return _period_fault(form)


def _period_fault(form: dict[str, str]) -> str:
    start, end = read_date(form["start"]), read_date(form["end"])
    return "PGX11 PERIODE INVALIDE" if start is None or end is None or end < start else ""
