"""The words of the made-up application: keywords, the form that they fill, the desk that a robot has there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from orchestrator.domain.civil import Period
from orchestrator.domain.entries import EntrySeen
from orchestrator.domain.keywords import MARK, Keyword, enter, extract
from orchestrator.domain.money import Euros
from orchestrator.domain.ports import Act, Workshop
from orchestrator.drivers.act import Sent
from orchestrator.drivers.act_count import ActCount
from orchestrator.drivers.gate import Permit
from orchestrator.simulation.processes import ARMED, CHECKED, GATE, UNDER_WAY, Process, waits
from orchestrator.simulation.registry import QUIET, Registry


@dataclass(eq=False)
class Way:
    """How keywords, which a scenario holds since it was loaded, reach the application of the history that happens."""

    registry: Registry | None = None
    #: True: a process may stop between the last check and the request that follows it.
    into_the_gate: bool = False

    @property
    def to(self) -> Registry:
        """The application."""
        if self.registry is None:
            raise RuntimeError("no history happens")
        return self.registry


@dataclass(eq=False)
class SimulatedDesk:
    """What the engine asks of a desk, but for its pages."""

    process: Process
    way: Way
    #: Counts acts that leave: there are none of a browser.
    acts: ActCount = field(default_factory=lambda: ActCount("https://registre.invalid", ()))
    #: How long the application is left in peace.
    contract: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(quiet=SimpleNamespace(seconds=QUIET)))
    account: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(quiet=None))

    async def cookies(self) -> str:
        """Return the login."""
        return self.process.login

    def wear_page(self) -> None:
        """Every look is at a fresh page already."""


async def end_login(desk: SimulatedDesk, login: str) -> bool:
    """End a login in the application, as :func:`orchestrator.drivers.leaving.end_login` does with a browser."""
    return await desk.way.to.leave(login)


@dataclass(frozen=True, kw_only=True)
class FormAct:
    """A filled form of the application."""

    way: Way
    #: Who has filled it.
    login: str
    subject: str
    amount: Euros
    token: str
    screen: str = "formulaire"
    #: No walk has seen its screens change.
    changed: None = None

    async def perform(self, permit: Permit) -> Sent:
        """Send it under its permit, checked before and in the gate, as the browser's acts are (ENTER, 3)."""
        if not permit.in_time() or not await permit.holds():
            return Sent.NOT_SENT
        await waits(ARMED)
        held = await permit.under_way().holds()
        await waits(CHECKED, in_a_breath=True)  # the database has answered, and nobody has read it yet
        if not held or not permit.in_time():
            return Sent.NOT_SENT
        if self.way.into_the_gate:
            await waits(GATE, in_a_breath=True)
        number = await self.way.to.submitted(self.login, self.subject, self.amount, self.token)
        await waits(UNDER_WAY)
        return Sent.ANSWERED if number else Sent.UNKNOWN


def words(way: Way) -> Mapping[str, Keyword]:
    """Return the keywords of the application, one that pays and one that does not."""

    @extract("registre.seen", "Ce que le registre montre d'un objet.")
    async def seen(workshop: Workshop, *, subject: str) -> list[EntrySeen]:  # noqa: ARG001 - what a keyword is given
        """Look."""
        return await way.to.seen(subject)

    rules: dict[str, Any] = {
        "look_up": "registre.seen", "look_up_with": ("subject",), "made_by": "", "amount": "amount", "period": "period",
        "subject": "subject", "titles": {"subject": "Objet", "amount": "Montant", "period": "Période"},
    }  # fmt: skip

    def filled(subject: str, amount: Euros, token: str) -> Act:
        return FormAct(way=way, login=way.to.logged_in(), subject=subject, amount=amount, token=token)

    @enter("registre.pay", "Paiement d'un objet.", payment=True, **rules)
    async def pay(workshop: Workshop, *, subject: str, amount: Euros, period: Period, token: str) -> Act:  # noqa: ARG001
        """Fill the form."""
        return filled(subject, amount, token)

    @enter("registre.note", "Note sur un objet, qui ne paie rien.", payment=False, **rules)
    async def note(workshop: Workshop, *, subject: str, amount: Euros, period: Period, token: str) -> Act:  # noqa: ARG001
        """Fill the form."""
        return filled(subject, amount, token)

    return {keyword.name: keyword for keyword in (getattr(word, MARK) for word in (seen, pay, note))}


def bare_workshop() -> Workshop:
    """Return what keywords of the application are given: they work with the application alone."""
    nothing = dict.fromkeys(("about", "found", "existing", "drafts", "template", "run", "prepare"))
    return cast("Workshop", SimpleNamespace(**nothing))
